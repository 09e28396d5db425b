import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { Chip } from "../../ui/chip.tsx";
import { broken, runs, vehicle } from "./view.ts";
import { useWords } from "../words.ts";

interface Props {
  gate: GateState;
  stale: boolean;
  /** Only the one that matters most. */
  most?: boolean;
}

/** What is the case at a gate besides its position, what is most urgent first. */
export function StateChips({ gate, stale, most = false }: Props) {
  const { t } = useTexts();
  const words = useWords();
  const { mode, fault, vehicle_waiting: waiting } = gate.status ?? {};
  const chips = [];

  if (mode === "emergency_open") chips.push(<Chip key="emergency" tone="bad">{words.mode(mode)}</Chip>);
  if (fault) chips.push(<Chip key="fault" tone="bad">{words.fault(fault)}</Chip>);
  if (mode === "out_of_service") chips.push(<Chip key="service" tone="bad">{words.mode(mode)}</Chip>);
  if (gate.system && !runs(gate)) chips.push(<Chip key="away" tone="bad">{words.state(gate.system.state)}</Chip>);
  for (const device of broken(gate)) {
    chips.push(<Chip key={device} tone="warn">{t("state.broken", { device: words.device(device) })}</Chip>);
  }
  if (gate.system?.state === "degraded" && broken(gate).length === 0) {
    chips.push(<Chip key="degraded" tone="warn">{words.state("degraded")}</Chip>);
  }
  if (stale) chips.push(<Chip key="stale" tone="warn">{t("state.stale")}</Chip>);
  if (mode === "held_open" || mode === "held_closed") {
    chips.push(<Chip key="held" tone="warn">{words.mode(mode)}</Chip>);
  }
  if (vehicle(gate)) chips.push(<Chip key="vehicle" tone="plain" icon="vehicle">{t(most ? "state.vehicle.short" : "state.vehicle")}</Chip>);
  if (waiting) chips.push(<Chip key="waiting" tone="plain" icon="waiting">{t("state.waiting")}</Chip>);
  if (chips.length === 0 && gate.system) chips.push(<Chip key="good" tone="good">{words.state("online")}</Chip>);

  return <>{most ? chips[0] : chips}</>;
}
