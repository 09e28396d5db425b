/** The events of the store as lines of the feed. */
import { useMemo } from "react";

import { useView } from "../../live/hooks.ts";
import type { Entry } from "../../live/store.ts";
import { type Item, itemOf } from "./item.ts";

/** Since when this page counts and collects, in milliseconds since 1970. */
export const OPENED = Date.now();

/** Each entry has its line once: lists of thousands are put together anew many times a second. */
const lines = new WeakMap<Entry, Item | "none">();

/** What happened since the page was opened, the oldest first. Renders once a frame at most. */
export function useItems(): readonly Item[] {
  const events = useView("events");

  return useMemo(() => events.flatMap((entry) => lineOf(entry) ?? []), [events]);
}

function lineOf(entry: Entry): Item | undefined {
  const known = lines.get(entry);
  if (known) return known === "none" ? undefined : known;

  const made = entry.gap ? gap(entry.number, entry.gap.timestamp) : itemOf(entry.message, String(entry.number));
  lines.set(entry, made ?? "none");
  return made;
}

function gap(number: number, at: string): Item {
  return { key: String(number), gate: "", at, kind: "gap", tone: "warn", what: "gap" };
}
