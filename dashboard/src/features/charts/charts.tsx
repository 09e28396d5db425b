import { useState } from "react";

import { useTexts } from "../../i18n/index.ts";
import { useView } from "../../live/hooks.ts";
import { useTime } from "../../ui/clock.ts";
import { clockTime, hour } from "../../ui/time.ts";
import { OPENED, useItems } from "../events/items.ts";
import { Bars } from "./bars.tsx";
import { LATENCIES, STEPS, type Step, columns, inside, latency } from "./counts.ts";
import { Steps } from "./steps.tsx";

/** So often charts move on with the time, in milliseconds. */
const PACE = 10_000;

/** What people would rather look at than read. */
export default function Charts() {
  const { language, t } = useTexts();
  const [gate, setGate] = useState("");
  const gates = useView("gates").map(({ id }) => id).sort();
  const items = useItems().filter((item) => gate === "" || item.gate === gate);

  return (
    <div className="stack">
      <div className="title">
        <h1>{t("charts.title")}</h1>
        <label className="field inline">
          {t("events.gate")}
          <select value={gate} onChange={(event) => setGate(event.target.value)}>
            <option value="">{t("events.all_gates")}</option>
            {gates.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      <p className="small quiet">{t("charts.since", { time: clockTime(language, OPENED) })}</p>
      <div className="charts">
        <Passages items={items} />
        <Inside items={items} />
        <Latency gate={gate} />
      </div>
    </div>
  );
}

type Items = ReturnType<typeof useItems>;

function Passages({ items }: { items: Items }) {
  const { language, t } = useTexts();
  const now = useTime((time) => Math.floor(time / PACE) * PACE);
  const [step, setStep] = useState<Step>(15);
  const counted = columns(items, step, OPENED, now);
  const sum = (of: "entries" | "exits") => counted.reduce((total, column) => total + column[of], 0);

  return (
    <section className="panel stack tight" aria-label={t("charts.passages")}>
      <div className="title">
        <h2>{t("charts.passages")}</h2>
        <div className="choices" role="group" aria-label={t("charts.step")}>
          {STEPS.map((one) => (
            <button
              key={one}
              type="button"
              className="button"
              data-size="small"
              aria-pressed={step === one}
              onClick={() => setStep(one)}
            >
              {one === 60 ? t("control.hours", { n: 1 }) : t("control.minutes", { n: one })}
            </button>
          ))}
        </div>
      </div>
      <Bars
        label={t("charts.passages.label", { entries: sum("entries"), exits: sum("exits") })}
        heading={t("charts.from")}
        series={[t("charts.entries"), t("charts.exits")]}
        columns={counted.map(({ from, entries, exits }) => ({ name: hour(language, from), values: [entries, exits] }))}
      />
    </section>
  );
}

const KEPT = "manless.inside";

function Inside({ items }: { items: Items }) {
  const { language, t } = useTexts();
  const now = useTime((time) => Math.floor(time / PACE) * PACE);
  const [before, setBefore] = useState(remembered);
  const points = inside(items, before, OPENED);
  const current = points.at(-1)?.inside ?? before;
  const set = (text: string) => {
    const count = Math.max(0, Math.min(99_999, Math.trunc(Number(text)) || 0));
    setBefore(count);
    remember(count);
  };

  return (
    <section className="panel stack tight" aria-label={t("charts.inside")}>
      <div className="title">
        <h2>{t("charts.inside")}</h2>
        <label className="field inline">
          {t("charts.inside.before")}
          <input type="number" min={0} max={99999} value={before} onChange={(event) => set(event.target.value)} />
        </label>
      </div>
      <p className="figure" data-figure="inside">
        {current}
      </p>
      <Steps label={t("charts.inside.label", { n: current })} points={points} until={Math.max(now, OPENED + 1)} />
      <p className="row spread small quiet">
        <span>{clockTime(language, OPENED)}</span>
        <span>{t("charts.now")}</span>
      </p>
      <p className="small quiet">{t("charts.inside.explain")}</p>
    </section>
  );
}

function Latency({ gate }: { gate: string }) {
  const { t } = useTexts();
  const sent = useView("commands").filter((one) => gate === "" || one.gate === gate);
  const answered = latency(sent.flatMap(({ answered: time }) => time ?? []));
  const done = latency(sent.flatMap(({ step, elapsed }) => (step === "succeeded" ? (elapsed ?? []) : [])));
  const column = (end: number, index: number) => ({
    ...(Number.isFinite(end) ? { name: `< ${end}`, short: `${end}` } : { name: `≥ ${LATENCIES[index - 1]}`, short: "…" }),
    values: [answered?.counts[index] ?? 0],
  });

  return (
    <section className="panel stack tight" aria-label={t("charts.latency")}>
      <h2>{t("charts.latency")}</h2>
      {answered ? (
        <>
          <dl className="facts">
            <dt>{t("charts.latency.median")}</dt>
            <dd>{Math.round(answered.median)} ms</dd>
            <dt>{t("charts.latency.most")}</dt>
            <dd>{Math.round(answered.most)} ms</dd>
            {done && (
              <>
                <dt>{t("charts.latency.done")}</dt>
                <dd>{(done.median / 1000).toFixed(1)} s</dd>
              </>
            )}
          </dl>
          <Bars
            label={t("charts.latency.label", { median: Math.round(answered.median), most: Math.round(answered.most) })}
            heading="ms"
            series={[t("charts.latency.series")]}
            columns={LATENCIES.map(column)}
          />
        </>
      ) : (
        <p className="empty">{t("charts.latency.none")}</p>
      )}
    </section>
  );
}

function remembered(): number {
  try {
    return Math.max(0, Math.trunc(Number(localStorage.getItem(KEPT))) || 0);
  } catch {
    return 0;
  }
}

function remember(count: number): void {
  try {
    localStorage.setItem(KEPT, String(count));
  } catch {
    // It counts from nothing the next time.
  }
}
