import { useEffect, useRef } from "react";

import { type Attention, broken } from "../features/gate/view.ts";
import { useWords } from "../features/words.ts";
import { useTexts } from "../i18n/index.ts";
import type { GateState } from "../live/gate.ts";
import { useView } from "../live/hooks.ts";
import { useSettings } from "../ui/settings.ts";
import { Alarm } from "./alarm.ts";
import { beep } from "./sound.ts";

/** Calls somebody when a gate breaks or the gateway is lost, by what they have wished. Shows nothing. */
export function Alerts() {
  const { t } = useTexts();
  const words = useWords();
  const gates = useView("gates");
  const { told, state } = useView("connection");
  const { sound, notify } = useSettings();
  const alarm = useRef(new Alarm());
  const said = useRef(state);

  const call = (title: string) => {
    if (sound) beep();
    if (notify && document.hidden && "Notification" in globalThis) notice(title);
  };
  const what = (gate: GateState, now: Attention) => {
    switch (now) {
      case "emergency":
        return words.mode("emergency_open");
      case "fault":
        return gate.status?.fault ? words.fault(gate.status.fault) : words.mode("out_of_service");
      case "degraded": {
        const devices = broken(gate).map((device) => t("state.broken", { device: words.device(device) }));
        return devices.join(", ") || words.state("degraded");
      }
      default:
        return words.state(gate.system?.state ?? "offline");
    }
  };
  const latest = useRef({ call, what, t });
  useEffect(() => {
    latest.current = { call, what, t };
  });

  useEffect(() => {
    if (!told) return;
    for (const { gate, now } of alarm.current.worse(gates)) {
      latest.current.call(latest.current.t("alert.title", { gate: gate.id, what: latest.current.what(gate, now) }));
    }
  }, [gates, told]);

  useEffect(() => {
    if (state === "lost" && said.current === "connected") latest.current.call(latest.current.t("connection.lost"));
    said.current = state;
  }, [state]);

  return null;
}

/** Shows a notification; a click on it shows the page. */
function notice(title: string): void {
  const shown = new Notification(title, { tag: title });
  shown.onclick = () => {
    focus();
    shown.close();
  };
}
