import { expect, test } from "vitest";

import type { GateState } from "../live/gate.ts";
import { Alarm } from "./alarm.ts";

const CALM: GateState = { id: "gate_in", heard: 0, status: { status: "closed", mode: "auto" } };
const FAULT: GateState = { ...CALM, status: { status: "unknown", mode: "auto", fault: "controller_lost" } };
const AWAY: GateState = { ...CALM, system: { state: "offline", boot: "1" } };

test("what is broken at first was so before", () => {
  expect(new Alarm().worse([FAULT])).toEqual([]);
});

test("a gate calls once when it breaks, and again when it breaks again", () => {
  const alarm = new Alarm();
  const calls = [CALM, FAULT, FAULT, CALM, FAULT].map((gate) => alarm.worse([gate]).map(({ now }) => now));

  expect(calls).toEqual([[], ["fault"], [], [], ["fault"]]);
});

test("a gate that is only less broken does not call", () => {
  const alarm = new Alarm();
  const calls = [CALM, FAULT, AWAY].map((gate) => alarm.worse([gate]).length);

  expect(calls).toEqual([0, 1, 0]);
});
