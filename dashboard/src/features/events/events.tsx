import { useState } from "react";

import { useTexts } from "../../i18n/index.ts";
import { useView } from "../../live/hooks.ts";
import { Icon } from "../../ui/icon.tsx";
import { clockTime } from "../../ui/time.ts";
import { csv } from "./csv.ts";
import { Feed } from "./feed.tsx";
import { EVERYTHING, type Filter, isEverything, matching } from "./filter.ts";
import { type Item, KINDS } from "./item.ts";
import { OPENED, useItems } from "./items.ts";

/** What happened at all gates since the page was opened, as far as it is kept. */
export default function Events() {
  const { language, t } = useTexts();
  const all = useItems();
  const [filter, setFilter] = useState(EVERYTHING);
  const found = matching(all, filter);

  return (
    <div className="stack">
      <div className="title">
        <h1>{t("events.title")}</h1>
        <button type="button" className="button" data-size="small" disabled={found.length === 0} onClick={() => save(found)}>
          <Icon name="download" />
          {t("events.export")}
        </button>
      </div>
      <Filters filter={filter} onChange={setFilter} />
      <p className="small quiet" role="status">
        {t("events.count", { n: found.length, all: all.length, time: clockTime(language, OPENED) })}
      </p>
      <Feed
        items={found}
        empty={isEverything(filter) ? t("events.none_since", { time: clockTime(language, OPENED) }) : t("events.none_found")}
      />
    </div>
  );
}

function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const { t } = useTexts();
  const gates = useView("gates").map(({ id }) => id).sort();
  const set = (changes: Partial<Filter>) => onChange({ ...filter, ...changes });

  return (
    <search className="filters">
      <label className="field">
        {t("events.gate")}
        <select value={filter.gate} onChange={(event) => set({ gate: event.target.value })}>
          <option value="">{t("events.all_gates")}</option>
          {gates.map((gate) => (
            <option key={gate}>{gate}</option>
          ))}
        </select>
      </label>
      <label className="field">
        {t("events.kind")}
        <select value={filter.kind} onChange={(event) => set({ kind: KINDS.find((kind) => kind === event.target.value) ?? "" })}>
          <option value="">{t("events.all_kinds")}</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`kind.${kind}`)}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        {t("events.card")}
        <input type="search" value={filter.card} onChange={(event) => set({ card: event.target.value })} />
      </label>
      <label className="field">
        {t("events.from")}
        <input type="datetime-local" value={filter.from} onChange={(event) => set({ from: event.target.value })} />
      </label>
      <label className="field">
        {t("events.to")}
        <input type="datetime-local" value={filter.to} onChange={(event) => set({ to: event.target.value })} />
      </label>
      <button type="button" className="button" disabled={isEverything(filter)} onClick={() => onChange(EVERYTHING)}>
        {t("events.clear")}
      </button>
    </search>
  );
}

/** Hands the events to the browser as a file. */
function save(items: readonly Item[]): void {
  const address = URL.createObjectURL(new Blob([csv(items)], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `events-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.csv`;
  link.click();
  URL.revokeObjectURL(address);
}
