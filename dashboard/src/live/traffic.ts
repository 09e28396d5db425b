/** How many vehicles passed in each minute. For a day, however much else happens. */
import type { Message } from "../client/index.ts";

export interface Minute {
  /** When it began, in milliseconds since 1970, by the clock of the gates. */
  readonly from: number;
  readonly entries: number;
  readonly exits: number;
}

const MINUTE = 60_000;
const KEPT = 24 * 60;

export class Traffic {
  readonly #minutes = new Map<number, Minute>();

  /** Counts a message if it is a passage. Whether it is. */
  count({ type, timestamp }: Message): boolean {
    const at = Date.parse(timestamp);
    if ((type !== "parking_entry" && type !== "parking_exit") || Number.isNaN(at)) return false;

    const from = Math.floor(at / MINUTE) * MINUTE;
    const { entries, exits } = this.#minutes.get(from) ?? { entries: 0, exits: 0 };
    const isEntry = type === "parking_entry";
    this.#minutes.set(from, { from, entries: entries + (isEntry ? 1 : 0), exits: exits + (isEntry ? 0 : 1) });
    if (this.#minutes.size > KEPT) this.#minutes.delete(Math.min(...this.#minutes.keys()));
    return true;
  }

  /** The minutes in which somebody passed, in order. */
  view(): readonly Minute[] {
    return [...this.#minutes.values()].sort((one, other) => one.from - other.from);
  }
}
