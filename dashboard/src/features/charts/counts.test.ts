import { expect, test } from "vitest";

import type { Item } from "../events/item.ts";
import { LATENCIES, columns, inside, latency, top } from "./counts.ts";

const OPENED = Date.parse("2026-01-20T10:20:00Z");
const at = (time: string) => `2026-01-20T${time}Z`;

test("entries and exits are counted where they belong", () => {
  const items = [
    item("event.entry", at("10:21:00")),
    item("event.entry", at("10:29:59")),
    item("event.exit", at("10:30:00")),
    item("event.denied", at("10:30:00")),
    item("event.entry", at("09:00:00")),
  ];

  expect(columns(items, 15, OPENED, Date.parse(at("10:46:00"))).map(({ entries, exits }) => [entries, exits])).toEqual([
    [2, 0],
    [0, 1],
    [0, 0],
  ]);
});

test("no more columns are drawn than fit, the newest of them", () => {
  const drawn = columns([], 5, OPENED, OPENED + 24 * 3_600_000);

  expect(drawn).toHaveLength(24);
  expect(drawn.at(-1)?.from).toBe(OPENED + 24 * 3_600_000);
});

test("vehicles inside are those of before and one more or less with each passage", () => {
  const items = [item("event.exit", at("10:21:00")), item("event.exit", at("10:22:00")), item("event.entry", at("10:23:00"))];

  expect(inside(items, 1, OPENED).map((point) => point.inside)).toEqual([1, 0, 0, 1]);
});

test("latencies have a middle, an end and columns", () => {
  const times = [3, 4, 12, 30, 1500];
  const found = latency(times);

  expect(found).toMatchObject({ median: 12, most: 1500 });
  expect(found?.counts).toEqual([2, 0, 1, 1, 0, 0, 0, 0, 1]);
  expect(found?.counts).toHaveLength(LATENCIES.length);
  expect(latency([])).toBeUndefined();
});

test.each([
  [0, 1],
  [3, 4],
  [4, 4],
  [7, 10],
  [37, 40],
  [41, 50],
  [120, 200],
])("a chart of %i ends at %i", (most, end) => {
  expect(top([most])).toBe(end);
});

function item(what: string, time: string): Item {
  return { key: time, gate: "gate_in", at: time, kind: "passage", tone: "plain", what };
}
