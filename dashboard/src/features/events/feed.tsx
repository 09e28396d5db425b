import { memo, useCallback, useMemo, useState } from "react";

import { useTexts } from "../../i18n/index.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { Rows } from "../../ui/rows.tsx";
import { clockTime, dateTime } from "../../ui/time.ts";
import { Shot } from "../gate/picture.tsx";
import { useWords } from "../words.ts";
import { type Item, type Kind, pictureOf } from "./item.ts";
import "./events.css";

const ICONS: Readonly<Record<Kind, IconName>> = {
  passage: "vehicle",
  card: "card",
  gate: "gates",
  fault: "notice",
  command: "command",
  gap: "notice",
};

interface Props {
  /** The oldest first, as they came. */
  items: readonly Item[];
  empty: string;
}

/**
 * What happened, the newest on top. Whoever has scrolled away from the top reads undisturbed, and
 * is told how much has come since.
 */
export function Feed({ items, empty }: Props) {
  const { t } = useTexts();
  const [held, setHeld] = useState<readonly Item[]>();
  const [jumps, setJumps] = useState(0);
  const [open, setOpen] = useState<Item>();
  const jump = () => {
    setHeld(undefined);
    setJumps(jumps + 1);
  };
  const shown = held ?? items;
  const newestFirst = useMemo(() => shown.toReversed(), [shown]);
  const fresh = held ? newer(items, held) : 0;
  const onTop = useCallback(
    (atTop: boolean) => setHeld((before) => (atTop ? undefined : (before ?? items))),
    [items],
  );
  if (items.length === 0) return <p className="empty">{empty}</p>;

  return (
    <div className="feed">
      {fresh > 0 && (
        <button type="button" className="button fresh" data-kind="primary" data-size="small" onClick={jump}>
          {t("events.fresh", { n: fresh })}
        </button>
      )}
      <Rows
        key={jumps}
        items={newestFirst}
        label={t("events.title")}
        keyOf={(item) => item.key}
        renderRow={(item) => <Line item={item} onOpen={setOpen} />}
        onTop={onTop}
      />
      {open && <Opened item={open} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

/** How many have come after the last one of those that are held. */
function newer(items: readonly Item[], held: readonly Item[]): number {
  const last = held.at(-1);

  return last ? items.length - 1 - items.lastIndexOf(last) : items.length;
}

const Line = memo(function Line({ item, onOpen }: { item: Item; onOpen: (item: Item) => void }) {
  const { language, t } = useTexts();
  const what = useWhat(item);
  const picture = pictureOf(item);

  return (
    <div className="line" data-kind={item.kind} data-tone={item.tone} data-what={item.what}>
      <time dateTime={item.at} title={dateTime(language, item.at)}>
        {clockTime(language, item.at)}
      </time>
      <span className="line-gate">{item.gate}</span>
      <span className="line-what">
        <Icon name={ICONS[item.kind]} />
        <span>
          <strong>{what.title}</strong>
          {what.detail && <span className="quiet"> {what.detail}</span>}
        </span>
      </span>
      <code className="line-card">{item.card}</code>
      {picture && (
        <button
          type="button"
          className="thumb"
          aria-label={t("events.picture", { what: what.title, gate: item.gate, time: clockTime(language, item.at) })}
          onClick={() => onOpen(item)}
        >
          <img src={picture} alt="" loading="lazy" />
        </button>
      )}
    </div>
  );
});

function Opened({ item, onClose }: { item: Item; onClose: () => void }) {
  const { language, t } = useTexts();
  const what = useWhat(item);
  const source = pictureOf(item);

  return (
    <Dialog title={`${what.title} · ${item.gate}`} wide onClose={onClose}>
      {source && (
        <Shot
          src={source}
          alt={t("events.picture", { what: what.title, gate: item.gate, time: clockTime(language, item.at) })}
          otherwise={t("picture.gone")}
        />
      )}
      <div className="row spread">
        <p>
          {dateTime(language, item.at)} {item.card && <code>{item.card}</code>} {what.detail}
        </p>
        <button type="button" className="button" onClick={onClose}>
          {t("dialog.close")}
        </button>
      </div>
    </Dialog>
  );
}

/** An item in words: what it is, and what there is to say besides. */
function useWhat({ kind, what, detail }: Item): { title: string; detail: string | null | undefined } {
  const { t } = useTexts();
  const words = useWords();
  const value = what.slice(what.indexOf(".") + 1);

  switch (kind) {
    case "gap":
      return { title: t("events.gap"), detail: undefined };
    case "command": {
      const [step = "", code] = (detail ?? "").split(" ");
      return { title: words.action(value), detail: [words.step(step), code && words.code(code)].filter(Boolean).join(" – ") };
    }
    case "card":
      return { title: what.startsWith("event.") ? words.event(value) : words.card(value), detail };
    case "fault":
      return { title: what.startsWith("error.") ? words.error(value) : words.event(value), detail };
    default:
      return { title: words.event(value), detail };
  }
}
