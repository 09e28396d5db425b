import type { GateState } from "../../live/gate.ts";
/** Which gates are shown, in which order and how large. */
import { attention, position, vehicle } from "../gate/view.ts";

export const FILTERS = ["all", "attention", "up", "vehicle", "held"] as const;
export type Filter = (typeof FILTERS)[number];

/** Beyond so many, a gate is drawn small. */
const MANY = 16;

/** Whether a filter lets a gate through. */
export function passes(gate: GateState, filter: Filter): boolean {
  switch (filter) {
    case "all":
      return true;
    case "attention":
      return !["calm", "held"].includes(attention(gate));
    case "up":
      return ["open", "opening", "stopped"].includes(position(gate));
    case "vehicle":
      return vehicle(gate) === true || gate.status?.vehicle_waiting === true;
    case "held":
      return ["held_open", "held_closed", "emergency_open"].includes(gate.status?.mode ?? "");
  }
}

/** How many gates each filter lets through. */
export function summary(gates: readonly GateState[]): Record<Filter, number> {
  const count = (filter: Filter) => gates.filter((gate) => passes(gate, filter)).length;

  return Object.fromEntries(FILTERS.map((filter) => [filter, count(filter)])) as Record<Filter, number>;
}

/** How large that many gates are drawn where nobody has chosen. */
export function sizeFor(gates: number): "large" | "compact" {
  return gates > MANY ? "compact" : "large";
}
