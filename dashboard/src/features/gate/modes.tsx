import { useState } from "react";

import type { Details, GateAction } from "../../client/index.ts";
import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { useWords } from "../words.ts";
import { usePossible, useSend } from "./control.tsx";


const MODES = [
  ["auto", "auto"],
  ["held_open", "hold_open"],
  ["held_closed", "hold_closed"],
] as const satisfies readonly (readonly [string, GateAction])[];
/** Minutes that a hold lasts, to choose from. */
const ENDS = [15, 60, 240, 480] as const;

/** What the gate does by itself: its rules, or staying open or closed, until when and why. */
export function Modes({ gate }: { gate: GateState }) {
  const { t } = useTexts();
  const words = useWords();
  const possible = usePossible(gate);
  const send = useSend(gate.id);
  const [minutes, setMinutes] = useState("");
  const [reason, setReason] = useState("");
  const mode = gate.status?.mode;
  const emergency = mode === "emergency_open";

  return (
    <fieldset className="modes">
      <legend>{t("control.mode")}</legend>
      <div className="row">
        {MODES.map(([held, action]) => (
          <button
            key={action}
            type="button"
            className="button"
            data-action={action}
            disabled={!possible || emergency}
            aria-pressed={mode === held}
            onClick={() => send(action, action === "auto" ? {} : hold(minutes, reason, Date.now()))}
          >
            {words.action(action)}
          </button>
        ))}
      </div>
      <div className="modes-options">
        <label className="field">
          {t("control.until")}
          <select value={minutes} onChange={(event) => setMinutes(event.target.value)}>
            <option value="">{t("control.until.ended")}</option>
            {ENDS.map((end) => (
              <option key={end} value={end}>
                {end < 60 ? t("control.minutes", { n: end }) : t("control.hours", { n: end / 60 })}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          {t("control.reason")}
          <input value={reason} maxLength={200} onChange={(event) => setReason(event.target.value)} />
        </label>
      </div>
    </fieldset>
  );
}

/** What goes with a hold: when it ends, and why it is. */
export function hold(minutes: string, reason: string, now: number): Details {
  return {
    ...(minutes === "" ? {} : { until: new Date(now + Number(minutes) * 60_000).toISOString() }),
    ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
  };
}
