/**
 * How long to wait before the next attempt to connect.
 *
 * Many clients lose a gateway in the same moment, so half of each wait is left to chance.
 */

/** Close codes of the gateway that say something about coming back. */
export const GOING_AWAY = 1001;
export const TOO_SLOW = 4008;
export const UNAUTHORIZED = 4401;
export const FORBIDDEN = 4403;

const FIRST = 500;
const LONGEST = 15_000;
/** Over how long clients come back to a gateway that starts anew. */
const SPREAD = 5_000;

export class Backoff {
  #failures = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The connection has held for a while: the next loss of it is a new one. */
  reset(): void {
    this.#failures = 0;
  }

  /** Milliseconds to wait after a connection that ended with this code, or none: do not come back. */
  next(code: number): number | undefined {
    if (code === UNAUTHORIZED || code === FORBIDDEN) return undefined;

    const full = Math.min(FIRST * 2 ** this.#failures, LONGEST);
    this.#failures += 1;
    if (code === GOING_AWAY && this.#failures === 1) return FIRST + this.#random() * SPREAD;
    // What was missed is waiting in a window of bounded size.
    if (code === TOO_SLOW && this.#failures === 1) return this.#random() * FIRST;

    return full * (0.5 + this.#random() / 2);
  }
}
