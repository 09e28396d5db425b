import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { Icon } from "../../ui/icon.tsx";
import { dateTime } from "../../ui/time.ts";
import { useWords } from "../words.ts";
import { DEVICES, type Device, health } from "./view.ts";

/** What the devices and the agent say of themselves. */
export function Hardware({ gate }: { gate: GateState }) {
  const { language, t } = useTexts();
  const words = useWords();
  const { system } = gate;

  return (
    <section className="panel stack tight" aria-label={t("devices.title")}>
      <h2>{t("devices.title")}</h2>
        <table className="wrapped">
          <tbody>
            {DEVICES.map((device) => (
              <Row key={device} gate={gate} device={device} />
            ))}
            {system && (
              <tr>
                <th scope="row">{t("devices.agent")}</th>
                <td>{words.state(system.state)}</td>
                <td className="quiet">
                  {[
                    system.version && t("devices.version", { version: system.version }),
                    system.started_at && t("devices.since", { time: dateTime(language, system.started_at) }),
                    system.unsent ? t("devices.unsent", { n: system.unsent }) : undefined,
                    system.reason,
                    system.clock,
                  ]
                    .filter(Boolean)
                    .join(" · ")}
                </td>
              </tr>
            )}
          </tbody>
        </table>
    </section>
  );
}

function Row({ gate, device }: { gate: GateState; device: Device }) {
  const { t } = useTexts();
  const words = useWords();
  const how = health(gate, device);
  const told = gate.hardware?.[device];
  const details = [
    told && "port" in told ? told.port : undefined,
    told && "firmware" in told && told.firmware ? t("devices.firmware", { version: told.firmware }) : undefined,
    told?.detail,
  ];

  return (
    <tr>
      <th scope="row">{words.device(device)}</th>
      <td data-health={how}>
        <span className="health">
          <Icon name={how === "good" || how === "bad" ? how : "none"} size={14} />
          {t(`health.${how}`)}
        </span>
      </td>
      <td className="quiet">{details.filter(Boolean).join(" · ")}</td>
    </tr>
  );
}
