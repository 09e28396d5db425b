import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { DEVICES, type Device, type Health, health } from "./view.ts";
import { useWords } from "../words.ts";

const ICONS: Readonly<Record<Device, IconName>> = {
  arduino: "controller",
  card_reader: "reader",
  camera: "camera",
};
const MARKS: Readonly<Record<Health, IconName>> = { good: "good", bad: "bad", none: "none", unknown: "none" };

/** The devices of a gate in one line: which are there and which are not. */
export function Devices({ gate }: { gate: GateState }) {
  const { t } = useTexts();
  const words = useWords();

  return (
    <ul className="devices" aria-label={t("devices.title")}>
      {DEVICES.map((device) => {
        const how = health(gate, device);
        return (
          <li key={device} data-health={how} title={gate.hardware?.[device].detail ?? undefined}>
            <Icon name={ICONS[device]} />
            <span>{words.device(device)}</span>
            <Icon name={MARKS[how]} size={12} />
            <span className="aloud">{t(`health.${how}`)}</span>
          </li>
        );
      })}
    </ul>
  );
}
