/** What the charts count. All of it is since the page was opened, as far as events are kept. */
import type { Item } from "../events/item.ts";

/** Entries and exits in one stretch of time. */
export interface Column {
  /** When it begins, in milliseconds since 1970. */
  from: number;
  entries: number;
  exits: number;
}

/** Lengths of a column, in minutes. */
export const STEPS = [5, 15, 60] as const;
export type Step = (typeof STEPS)[number];

/** Most columns that fit. */
const COLUMNS = 24;
const MINUTE = 60_000;

/** Entries and exits by time, up to now, without the empty columns before the page was opened. */
export function columns(items: readonly Item[], minutes: Step, opened: number, now: number): Column[] {
  const length = minutes * MINUTE;
  const last = startOf(now, length);
  const first = Math.max(startOf(opened, length), last - (COLUMNS - 1) * length);
  const count = Math.floor((last - first) / length) + 1;
  const found = Array.from({ length: count }, (_, index) => ({ from: first + index * length, entries: 0, exits: 0 }));

  for (const item of items) {
    const column = found[Math.floor((Date.parse(item.at) - first) / length)];
    if (!column) continue;
    if (item.what === "event.entry") column.entries += 1;
    if (item.what === "event.exit") column.exits += 1;
  }
  return found;
}

/** Where a column begins: at whole hours of this place's clock, also where those are half an hour off. */
function startOf(time: number, length: number): number {
  const offset = new Date(time).getTimezoneOffset() * MINUTE;

  return Math.floor((time - offset) / length) * length + offset;
}

/** A number at a time, until the next one. */
export interface Point {
  at: number;
  inside: number;
}

/** How many vehicles are inside: those at the beginning, and one more or less with each passage. Never fewer than none. */
export function inside(items: readonly Item[], before: number, opened: number): Point[] {
  const points = [{ at: opened, inside: before }];
  let now = before;

  for (const item of items) {
    const change = item.what === "event.entry" ? 1 : item.what === "event.exit" ? -1 : 0;
    if (change === 0) continue;
    now = Math.max(0, now + change);
    points.push({ at: Math.max(opened, Date.parse(item.at)), inside: now });
  }
  return points;
}

/** Upper ends of the columns in which latencies are counted, in milliseconds; the last one has none. */
export const LATENCIES = [5, 10, 20, 50, 100, 200, 500, 1000, Number.POSITIVE_INFINITY] as const;

export interface Latency {
  counts: number[];
  median: number;
  /** What 95 of 100 do not exceed. */
  most: number;
}

/** How long things took, in milliseconds; nothing where there are none. */
export function latency(times: readonly number[]): Latency | undefined {
  if (times.length === 0) return undefined;
  const sorted = [...times].sort((one, other) => one - other);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? 0;
  const counts = LATENCIES.map((end, index) => {
    const start = LATENCIES[index - 1] ?? Number.NEGATIVE_INFINITY;
    return sorted.filter((time) => time >= start && time < end).length;
  });

  return { counts, median: at(0.5), most: at(0.95) };
}

/** A round number that is not below any of these, for the top of a chart. */
export function top(values: readonly number[]): number {
  const most = Math.max(1, ...values);
  const unit = 10 ** Math.floor(Math.log10(most));

  return [1, 2, 4, 5, 10].map((times) => times * unit).find((round) => round >= most) ?? most;
}
