import { useState } from "react";

import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { Control } from "./control.tsx";


/** Seconds that a boom stays up, to choose from; the contract has 1 to 3600. */
const DURATIONS = [10, 30, 60, 300, 900] as const;

/** Opening, closing and stopping, and for how long a boom stays open. */
export function Moves({ gate }: { gate: GateState }) {
  const { t } = useTexts();
  const [duration, setDuration] = useState("");

  return (
    <div className="moves">
      <Control
        gate={gate}
        actions={["open", "close", "stop"]}
        duration={duration === "" ? undefined : Number(duration)}
      />
      <label className="field">
        {t("control.duration")}
        <select value={duration} onChange={(event) => setDuration(event.target.value)}>
          <option value="">{t("control.duration.default")}</option>
          {DURATIONS.map((seconds) => (
            <option key={seconds} value={seconds}>
              {seconds < 60 ? t("control.seconds", { n: seconds }) : t("control.minutes", { n: seconds / 60 })}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
