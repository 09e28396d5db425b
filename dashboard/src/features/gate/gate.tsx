import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { useGate, useView } from "../../live/hooks.ts";
import { Age } from "../../ui/age.tsx";
import { Boom } from "../../ui/boom.tsx";
import { Chip } from "../../ui/chip.tsx";
import { useTime } from "../../ui/clock.ts";
import { Icon } from "../../ui/icon.tsx";
import { Link } from "../../ui/link.tsx";
import { clockTime, dateTime } from "../../ui/time.ts";
import { Feed } from "../events/feed.tsx";
import { OPENED, useItems } from "../events/items.ts";
import { useWords } from "../words.ts";
import { Emergency } from "./emergency.tsx";
import { Hardware } from "./hardware.tsx";
import { Live } from "./live.tsx";
import { Modes } from "./modes.tsx";
import { Moves } from "./moves.tsx";
import { Progress } from "./progress.tsx";
import { useMayCommand } from "./control.tsx";
import { StateChips } from "./state-chips.tsx";
import { isStale, position, vehicle } from "./view.ts";
import "./gate.css";

/** One gate and all that is known of it. */
export default function Gate({ gate: id }: { gate: string }) {
  const { t } = useTexts();
  const gate = useGate(id);
  const { told } = useView("connection");

  return (
    <div className="stack">
      <div className="title">
        <div className="row">
          <Link to={{ page: "gates" }} button>
            <Icon name="back" />
            {t("nav.gates")}
          </Link>
          <h1>{id}</h1>
          {gate?.system?.simulated && <Chip tone="plain">{t("state.simulated")}</Chip>}
        </div>
      </div>
      {gate ? <Known gate={gate} /> : <p className="empty">{t(told ? "gate.unknown" : "gates.waiting", { gate: id })}</p>}
    </div>
  );
}

function Known({ gate }: { gate: GateState }) {
  const mayCommand = useMayCommand(gate.id);

  return (
    <div className="gate">
      <div className="stack">
        <Now gate={gate} />
        {mayCommand ? <Desk gate={gate} /> : <OnlyWatching />}
      </div>
      <div className="stack">
        <Live gate={gate} />
        <Hardware gate={gate} />
      </div>
      <Happened gate={gate.id} />
    </div>
  );
}

function Now({ gate }: { gate: GateState }) {
  const { t } = useTexts();
  const words = useWords();
  const stale = useTime((now) => isStale(gate, now));
  const { mode, moved_by: movedBy } = gate.status ?? {};

  return (
    <section className="panel now" aria-label={t("gate.now")} data-stale={stale || undefined}>
      <Boom gate={gate.id} status={position(gate)} vehicle={vehicle(gate)} waiting={gate.status?.vehicle_waiting} />
      <div className="stack tight">
        <p className="position" aria-live="polite">
          <strong>{words.position(position(gate))}</strong>
          {mode && <span className="quiet">{words.mode(mode)}</span>}
        </p>
        <div className="row chips">
          <StateChips gate={gate} stale={stale} />
        </div>
        <dl className="facts small">
          {movedBy && (
            <>
              <dt>{t("gate.moved_by")}</dt>
              <dd>{words.movedBy(movedBy)}</dd>
            </>
          )}
          {gate.card && (
            <>
              <dt>{t("gate.last_card")}</dt>
              <dd>
                <code>{gate.card.card.card_id}</code> {words.decision(gate.card.card.decision)}{" "}
                <Age since={gate.card.at} />
              </dd>
            </>
          )}
          <dt>{t("gates.heard")}</dt>
          <dd>
            <Age since={gate.heard} />
          </dd>
          <Held gate={gate} />
        </dl>
      </div>
    </section>
  );
}

function Held({ gate }: { gate: GateState }) {
  const { language, t } = useTexts();
  const { mode_owner: owner, mode_reason: reason, mode_until: until } = gate.status ?? {};
  const rows: [string, string | null | undefined][] = [
    [t("gate.mode_owner"), owner],
    [t("gate.mode_reason"), reason],
    [t("gate.mode_until"), until && dateTime(language, until)],
  ];

  return rows.map(
    ([name, value]) =>
      value && (
        <div key={name} className="contents">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ),
  );
}

/** Everything that an operator does at a gate. */
function Desk({ gate }: { gate: GateState }) {
  const { t } = useTexts();

  return (
    <section className="panel stack" aria-label={t("control.title")}>
      <h2>{t("control.title")}</h2>
      <Moves gate={gate} />
      <Progress gate={gate.id} />
      <Modes gate={gate} />
      <Emergency gate={gate} />
    </section>
  );
}

function OnlyWatching() {
  const { t } = useTexts();

  return <p className="empty">{t("control.none")}</p>;
}

function Happened({ gate }: { gate: string }) {
  const { language, t } = useTexts();
  const all = useItems();
  const here = all.filter((item) => item.gate === gate || item.kind === "gap");

  return (
    <section className="panel stack happened" aria-label={t("events.title")}>
      <h2>{t("events.title")}</h2>
      <Feed items={here} empty={t("events.none_since", { time: clockTime(language, OPENED) })} />
    </section>
  );
}
