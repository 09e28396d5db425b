import { useEffect, useRef } from "react";

import { position } from "../features/gate/view.ts";
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
  const what = ({ status, system, ...gate }: GateState) =>
    status?.fault
      ? words.fault(status.fault)
      : status?.mode === "auto" && system
        ? words.state(system.state)
        : words.mode(status?.mode ?? position({ status, system, ...gate }));
  const latest = useRef({ call, what, t });
  useEffect(() => {
    latest.current = { call, what, t };
  });

  useEffect(() => {
    if (!told) return;
    for (const { gate } of alarm.current.worse(gates)) {
      latest.current.call(latest.current.t("alert.title", { gate: gate.id, what: latest.current.what(gate) }));
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
