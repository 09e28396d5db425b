import { expect, test } from "vitest";

import type { GateState } from "../../live/gate.ts";
import { attention, byAttention, health, isStale, position, vehicle } from "./view.ts";

const HARDWARE: GateState["hardware"] = {
  camera: { connected: true, status: "ready" },
  card_reader: { connected: true, status: "ready" },
  arduino: { connected: true, gate_status: "closed", vehicle_present: true },
};
const CALM: GateState = {
  id: "gate_in",
  heard: 0,
  system: { state: "online", boot: "1" },
  hardware: HARDWARE,
  status: { status: "closed", mode: "auto", vehicle_present: false },
};

test.each<[string, Partial<GateState>]>([
  ["calm", {}],
  ["held", { status: { status: "open", mode: "held_open" } }],
  ["degraded", { hardware: { ...HARDWARE, camera: { connected: false } } }],
  ["away", { system: { state: "offline", boot: "1" } }],
  ["fault", { status: { status: "stopped", mode: "out_of_service" } }],
  ["fault", { status: { status: "unknown", mode: "auto", fault: "controller_lost" } }],
  ["emergency", { status: { status: "open", mode: "emergency_open", fault: "loop_stuck" } }],
])("a gate is %s", (expected, changes) => {
  expect(attention({ ...CALM, ...changes })).toBe(expected);
});

test("gates that want attention come first, and numbers in names count", () => {
  const named = (id: string, changes: Partial<GateState> = {}) => ({ ...CALM, ...changes, id });
  const gates = [named("gate_10"), named("gate_2"), named("gate_30", { system: { state: "offline", boot: "1" } })];

  expect(gates.sort(byAttention).map(({ id }) => id)).toEqual(["gate_30", "gate_2", "gate_10"]);
});

test("a controller without an agent tells its boom and its loop with its hardware", () => {
  const controller: GateState = { id: "gate_in", heard: 0, hardware: HARDWARE };

  expect([position(controller), vehicle(controller), attention(controller)]).toEqual(["closed", true, "calm"]);
});

test("where a boom is nobody knows while its agent is away", () => {
  expect(position({ ...CALM, system: { state: "offline", boot: "1" } })).toBe("unknown");
});

test("a device that is not fitted is not broken", () => {
  const hardware = { ...HARDWARE, card_reader: { connected: false, status: "not_fitted" } };

  expect(health({ ...CALM, hardware }, "card_reader")).toBe("none");
  expect(attention({ ...CALM, hardware })).toBe("calm");
});

test("what was not heard of for 90 s is stale", () => {
  expect([60_000, 120_000].map((now) => isStale(CALM, now))).toEqual([false, true]);
});
