/**
 * Where a drawn boom is: as the real one, as far as that is known. A gate says `opening` and `open`,
 * not how far it is, so the drawing moves with the time that this gate's boom took before.
 */
import type { BarrierStatus } from "../client/index.ts";

/** Where a boom is drawn to go. 0 is down, 1 is up. */
export interface Travel {
  status: BarrierStatus;
  /** Where it was as the status came. */
  from: number;
  to: number;
  /** Milliseconds that it takes. */
  lasts: number;
  /** When the status came, in milliseconds. */
  since: number;
}

/** Until a boom has been seen to move from one end to the other. */
export const USUAL = 3000;
const SHORTEST = 400;
const LONGEST = 15_000;
/** To an end where the gate says it is: it may have been drawn too slow. */
const CATCH_UP = 250;
const HALF = 0.5;

/** A boom that is seen for the first time: at an end, or somewhere between. */
export function first(status: BarrierStatus, now: number): Travel {
  const to = status === "open" ? 1 : status === "closed" ? 0 : HALF;

  return { status, from: to, to, lasts: 0, since: now };
}

/** What becomes of it with another status. */
export function follow(before: Travel, status: BarrierStatus, now: number, full = USUAL): Travel {
  const from = at(before, now);
  const going = (to: number, lasts: number): Travel => ({ status, from, to, lasts, since: now });

  switch (status) {
    case "open":
      return going(1, from === 1 ? 0 : CATCH_UP);
    case "closed":
      return going(0, from === 0 ? 0 : CATCH_UP);
    case "opening":
      return going(1, (1 - from) * full);
    case "closing":
      return going(0, from * full);
    case "stopped":
      // Short of its ends: at an end the gate would say so.
      return { ...going(Math.min(0.9, Math.max(0.1, from)), 0) };
    default:
      return going(HALF, 0);
  }
}

/** How high it is, from 0 to 1. */
export function at({ from, to, lasts, since }: Travel, now: number): number {
  if (lasts <= 0) return to;
  const passed = Math.min(1, Math.max(0, (now - since) / lasts));

  return from + (to - from) * passed;
}

/** How long the whole way took, where it has just been gone from one end to the other. */
export function measured(before: Travel, status: BarrierStatus, now: number): number | undefined {
  const up = before.status === "opening" && status === "open" && before.from === 0;
  const down = before.status === "closing" && status === "closed" && before.from === 1;
  if (!up && !down) return undefined;

  return Math.min(LONGEST, Math.max(SHORTEST, now - before.since));
}
