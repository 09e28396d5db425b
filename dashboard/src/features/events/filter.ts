/** Which of the events somebody wants to see. */
import type { Item, Kind } from "./item.ts";

export interface Filter {
  gate: string;
  kind: Kind | "";
  /** Part of the number of a card. */
  card: string;
  /** As an input of the browser has it: `2026-01-20T10:30`, in local time. */
  from: string;
  to: string;
}

export const EVERYTHING: Filter = { gate: "", kind: "", card: "", from: "", to: "" };

/** Whether it lets nothing but everything through. */
export function isEverything(filter: Filter): boolean {
  return Object.values(filter).every((wanted) => wanted === "");
}

/** What a filter lets through. Times of which nothing is known are always shown. */
export function matching(items: readonly Item[], filter: Filter): readonly Item[] {
  if (isEverything(filter)) return items;
  const card = filter.card.trim().toLowerCase();
  const [from, to] = [timeOf(filter.from), timeOf(filter.to)];

  return items.filter((item) => {
    if (item.kind === "gap") return true;
    const at = Date.parse(item.at);
    return (
      (filter.gate === "" || item.gate === filter.gate) &&
      (filter.kind === "" || item.kind === filter.kind) &&
      (card === "" || (item.card ?? "").toLowerCase().includes(card)) &&
      (from === undefined || at >= from) &&
      (to === undefined || at <= to)
    );
  });
}

function timeOf(text: string): number | undefined {
  const time = Date.parse(text);

  return Number.isNaN(time) ? undefined : time;
}
