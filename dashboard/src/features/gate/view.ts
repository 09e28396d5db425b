/** What is known of one gate, as people understand it: whether it wants somebody, what works, what is old. */
import type { BarrierStatus } from "../../client/index.ts";
import type { GateState } from "../../live/gate.ts";

/** How urgently a gate wants somebody. */
export type Attention = "emergency" | "fault" | "away" | "degraded" | "held" | "calm";

/** Where a gate stands among others. A hold is on purpose: no tile moves for it under somebody's finger. */
const PLACES: Readonly<Record<Attention, number>> = { emergency: 0, fault: 0, away: 0, degraded: 1, held: 2, calm: 2 };
/** A gate tells its hardware every 30 s, so one that was silent for three times that is not to be believed. */
export const STALE = 90_000;

/** What most wants attention at a gate. */
export function attention(view: GateState): Attention {
  const { mode, fault } = view.status ?? {};

  if (mode === "emergency_open") return "emergency";
  if (fault || mode === "out_of_service") return "fault";
  if (view.system && !runs(view)) return "away";
  if (view.system?.state === "degraded" || broken(view).length > 0) return "degraded";
  return mode === "held_open" || mode === "held_closed" ? "held" : "calm";
}

/** Gates that want attention first, then by name, with `gate_2` before `gate_10`. */
export function byAttention(one: GateState, other: GateState): number {
  const urgency = PLACES[attention(one)] - PLACES[attention(other)];

  return urgency || one.id.localeCompare(other.id, "en", { numeric: true });
}

/** Whether its agent is there. A controller without one says nothing of itself, and is taken to be. */
export function runs({ system }: GateState): boolean {
  return system === undefined || system.state === "online" || system.state === "degraded";
}

/** Where its boom is. A controller that knows nothing else tells it with its hardware. */
export function position(view: GateState): BarrierStatus {
  if (!runs(view)) return "unknown";

  return view.status?.status ?? view.hardware?.arduino.gate_status ?? "unknown";
}

/** Whether a vehicle is under the boom; `undefined` where no loop tells. */
export function vehicle({ status, hardware }: GateState): boolean | undefined {
  return status?.vehicle_present ?? hardware?.arduino.vehicle_present ?? undefined;
}

export type Device = "arduino" | "card_reader" | "camera";
export const DEVICES: readonly Device[] = ["arduino", "card_reader", "camera"];
export type Health = "good" | "bad" | "none" | "unknown";

/** How an agent says that its gate has no camera, whose states have no word for it. */
const NO_CAMERA = "no camera is fitted";

/** How a device is. One that is not fitted is not broken. */
export function health({ hardware }: GateState, device: Device): Health {
  const told = hardware?.[device];
  if (!told) return "unknown";
  if (("status" in told && told.status === "not_fitted") || told.detail === NO_CAMERA) return "none";

  return told.connected ? (device === "camera" && hardware.camera.status === "error" ? "bad" : "good") : "bad";
}

/** What does not work. */
export function broken(view: GateState): Device[] {
  return DEVICES.filter((device) => health(view, device) === "bad");
}

/** Whether what is known is too old to be believed. */
export function isStale({ heard }: GateState, now: number): boolean {
  return now - heard > STALE;
}
