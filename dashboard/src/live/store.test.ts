import { beforeEach, expect, test, vi } from "vitest";

import type { Gap, Message } from "../client/index.ts";
import { LIMITS, LiveStore } from "./store.ts";

const NOW = Date.parse("2024-01-20T10:30:00Z");

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});

test("what changed is shown with the next frame, and not before", () => {
  const { store, nextFrame } = bench();

  store.apply(status("gate_in", "opening"));
  store.apply(status("gate_in", "open"));
  expect(store.gate("gate_in")).toBeUndefined();
  nextFrame();

  expect(store.gate("gate_in")?.status?.status).toBe("open");
  expect(store.view.gates.map(({ id }) => id)).toEqual(["gate_in"]);
});

test("a thousand messages are shown once", () => {
  const { store, nextFrame, frames } = bench();
  const told = vi.fn();
  store.subscribe("events", told);

  for (let n = 0; n < 1_000; n++) store.apply(event(`e${n}`));
  expect(frames()).toBe(1);
  nextFrame();

  expect(told).toHaveBeenCalledTimes(1);
  expect(store.view.events).toHaveLength(1_000);
});

test("whoever looks at one gate is told of that one alone, and whoever has left of none", () => {
  const { store, nextFrame } = bench();
  const [one, left] = [vi.fn(), vi.fn()];
  store.subscribe("gate gate_in", one);
  store.subscribe("gate gate_in", left)();

  store.apply(status("gate_out", "open"));
  nextFrame();
  expect(one).not.toHaveBeenCalled();
  store.apply(status("gate_in", "open"));
  nextFrame();

  expect([one, left].map((listener) => listener.mock.calls.length)).toEqual([1, 0]);
});

test("what did not change stays the same, so that nobody renders for it", () => {
  const { store, nextFrame } = bench();
  store.apply(status("gate_in", "open"));
  store.apply(event("e1"));
  nextFrame();
  const before = store.view;

  store.apply(status("gate_out", "closed"));
  nextFrame();

  expect(store.view.events).toBe(before.events);
  expect(store.view.gates).not.toBe(before.gates);
  expect(store.view.gates[0]).toBe(before.gates[0]);
});

test("a gate is put together from its messages", () => {
  const { store, nextFrame } = bench();
  const system = { state: "online", boot: "b1" } as const;
  const hardware = {
    camera: { connected: true },
    card_reader: { connected: true },
    arduino: { connected: true, gate_status: "closed" },
  } as const;
  store.apply(message("system_status", system));
  store.apply(message("hardware_status", hardware));
  store.apply(message("card_detected", { card_id: "04A1", decision: "granted" }));
  nextFrame();

  expect(store.gate("gate_in")).toEqual({
    id: "gate_in",
    heard: NOW,
    system,
    hardware,
    card: { card: { card_id: "04A1", decision: "granted" }, at: "2024-01-20T10:30:00Z" },
  });
});

test("what a snapshot does not mention is gone, and what it does keeps the rest", () => {
  const { store, nextFrame } = bench();
  store.apply(message("card_detected", { card_id: "04A1", decision: "granted" }));
  store.apply(status("gate_gone", "open"));

  snapshot(store, [status("gate_in", "closed")]);
  nextFrame();

  expect(store.view.gates.map(({ id }) => id)).toEqual(["gate_in"]);
  expect(store.gate("gate_in")?.card).toBeDefined();
  expect(store.gate("gate_gone")).toBeUndefined();
  expect(store.view.connection.told).toBe(true);
});

test("what a snapshot tells is as old as it was said, by the gateway's clock", () => {
  const { store, nextFrame } = bench();
  const hello = { server_time: "2024-01-20T11:30:00Z", contract: "1.0", channel: "gate_all", role: "operator" };

  store.apply(message("hello", hello));
  snapshot(store, [{ ...status("gate_in", "open"), timestamp: "2024-01-20T11:28:00Z" }]);
  nextFrame();
  expect(store.gate("gate_in")?.heard).toBe(NOW - 120_000);
  store.apply(status("gate_in", "closed"));
  nextFrame();

  expect(store.gate("gate_in")?.heard).toBe(NOW);
});

test("gateways are no gates, and what is wrong with a command is no event of a gate", () => {
  const { store, nextFrame } = bench();

  store.apply({ ...message("system_status", { state: "online", boot: "b1" }), gate_id: "bridge" });
  store.apply({ ...message("error", { code: "invalid", message: "no" }), gate_id: "gate_all" });
  nextFrame();

  expect([store.view.gates, store.view.events]).toEqual([[], []]);
});

test("events are kept in order, with the gaps between them, and only so many", () => {
  const { store, nextFrame } = bench();
  const gap: Gap = { channel: "gate_all", timestamp: "2024-01-20T10:30:00Z", skipped: undefined };
  for (let n = 0; n < 3 * LIMITS.events; n++) store.apply(event(`e${n}`));
  store.miss(gap);
  store.apply(event("last"));
  nextFrame();

  const { events } = store.view;
  expect(events).toHaveLength(LIMITS.events);
  expect(events.slice(-3).map((entry) => entry.gap ?? entry.message?.id)).toEqual(["e14999", gap, "last"]);
  expect(events.at(-1)?.number).toBe(3 * LIMITS.events + 2);
});

test("passages are counted by the minute, once each, for a day", () => {
  const { store, nextFrame } = bench();
  const passage = (type: "parking_entry" | "parking_exit", at: number) =>
    store.apply({
      ...message(type, { event_id: "v", trigger: "card", passage: "confirmed" }),
      timestamp: new Date(at).toISOString(),
    });

  passage("parking_entry", NOW);
  passage("parking_entry", NOW + 59_999);
  passage("parking_exit", NOW + 60_000);
  store.apply(event("e1"));
  nextFrame();
  expect(store.view.traffic).toEqual([
    { from: NOW, entries: 2, exits: 0 },
    { from: NOW + 60_000, entries: 0, exits: 1 },
  ]);

  for (let minute = 0; minute < 2_000; minute++) passage("parking_exit", NOW + minute * 60_000);
  nextFrame();
  expect(store.view.traffic).toHaveLength(1_440);
  expect(store.view.traffic[0]?.from).toBe(NOW + 560 * 60_000);
});

test("of what `admin` tells, only what is told there alone is kept, with the answers", () => {
  const { store, nextFrame } = bench();
  const told: Message[] = [
    message("session_opened", { session: 1, channel: "gate_in", address: "127.0.0.1:9" }),
    message("gate_control", { action: "open", command_id: "c1" }),
    message("gate_control_response", { command_id: "c1", action: "open", status: "succeeded", success: true }),
  ];

  for (const each of [...told, status("gate_in", "open"), event("e1")]) store.applyAdmin(each);
  nextFrame();

  expect(store.view.admin).toEqual(told);
  expect(store.view.gates).toEqual([]);
});

test("whoever logs in after somebody else sees nothing of theirs", () => {
  const { store, nextFrame } = bench();
  store.apply(status("gate_in", "open"));
  store.apply(event("e1"));
  nextFrame();
  const told = vi.fn();
  store.subscribe("gate gate_in", told);

  store.forget();
  nextFrame();

  const { gates, events, commands, admin, traffic } = store.view;
  expect([gates, events, commands, admin, traffic]).toEqual([[], [], [], [], []]);
  expect([store.gate("gate_in"), told.mock.calls.length]).toEqual([undefined, 1]);
});

test("a page in the background, which has no frames, is told within a second", () => {
  vi.stubGlobal("requestAnimationFrame", () => 0);
  const store = new LiveStore();

  store.apply(status("gate_in", "open"));
  vi.advanceTimersByTime(1_000);

  expect(store.gate("gate_in")?.status?.status).toBe("open");
  vi.unstubAllGlobals();
});

/** A store whose frames are cranked by hand. */
function bench() {
  const due: (() => void)[] = [];
  const store = new LiveStore((publish) => due.push(publish));

  return { store, frames: () => due.length, nextFrame: () => due.splice(0).forEach((publish) => publish()) };
}

function message<Type extends Message["type"]>(
  type: Type,
  payload: Extract<Message, { type: Type }>["payload"],
): Extract<Message, { type: Type }> {
  return { type, payload, gate_id: "gate_in", timestamp: "2024-01-20T10:30:00Z" } as Extract<Message, { type: Type }>;
}

function status(gate_id: string, position: string): Message {
  return { ...message("gate_status", { status: position, mode: "auto" }), gate_id };
}

function event(id: string): Message {
  return { ...message("parking_event", { event: "entry" }), id };
}

function snapshot(store: LiveStore, states: Message[]): void {
  store.apply(message("snapshot_begin", {}));
  for (const state of states) store.apply(state);
  store.apply(message("snapshot_end", {}));
}
