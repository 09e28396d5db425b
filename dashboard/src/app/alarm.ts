/** What has broken since one looked the last time. */
import type { GateState } from "../live/gate.ts";
import { type Attention, attention } from "../features/gate/view.ts";

/** What somebody is called for. */
const LOUD: readonly Attention[] = ["emergency", "fault", "away", "degraded"];

/** Remembers how the gates were. The first look calls for nothing: what is broken then was so before. */
export class Alarm {
  #before: ReadonlyMap<string, Attention> | undefined;

  /** The gates that are worse than they were, and how they are now. */
  worse(gates: readonly GateState[]): { gate: GateState; now: Attention }[] {
    const before = this.#before;
    const after = new Map(gates.map((gate) => [gate.id, attention(gate)]));
    this.#before = after;
    if (!before) return [];

    return gates.flatMap((gate) => {
      const now = after.get(gate.id) ?? "calm";
      const was = before.get(gate.id) ?? "calm";
      return LOUD.includes(now) && severity(now) > severity(was) ? [{ gate, now }] : [];
    });
  }
}

function severity(how: Attention): number {
  const place = LOUD.indexOf(how);

  return place < 0 ? 0 : LOUD.length - place;
}
