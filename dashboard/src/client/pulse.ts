/**
 * Whether the other end is still there.
 *
 * A page does not see the pings of WebSocket, and a connection that is dead without a word
 * looks like one on which nothing happens. So after some silence the gateway is asked, and when
 * it does not answer, what is shown is stale, and a little later the connection is given up.
 */

/** Times in milliseconds. */
export interface Patience {
  /** Silence after which the gateway is asked. */
  quiet: number;
  /** How long it may take to answer before what is known is stale. */
  answer: number;
  /** How long, after that, before the connection is given up. */
  giveUp: number;
}

export const PATIENCE: Patience = { quiet: 10_000, answer: 4_000, giveUp: 6_000 };

/** What a pulse has done. */
export interface Reactions {
  ask: () => unknown;
  stale: () => unknown;
  fresh: () => unknown;
  lost: () => unknown;
}

export class Pulse {
  readonly #patience: Patience;
  readonly #reactions: Reactions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heard = 0;
  #asked = false;
  #stale = false;

  constructor(patience: Patience, reactions: Reactions) {
    this.#patience = patience;
    this.#reactions = reactions;
  }

  /** Something was heard. A thousand times a second, perhaps: the timer that runs is left alone. */
  beat(): void {
    this.#heard = Date.now();
    if (this.#asked || this.#timer === undefined) this.#listen(this.#patience.quiet);
    if (!this.#stale) return;

    this.#stale = false;
    this.#reactions.fresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked = false;
    this.#stale = false;
  }

  /**
   * Whether too long nothing was heard. By the clock, and not by timers alone: those of a page in the
   * background, or of a machine that was asleep, come late.
   */
  get isStale(): boolean {
    return this.#stale || Date.now() - this.#heard > this.#patience.quiet + this.#patience.answer;
  }

  /** Asks now, whatever was heard. */
  ask(): void {
    this.#asked = true;
    this.#reactions.ask();
    this.#after(this.#patience.answer, () => {
      this.#stale = true;
      this.#after(this.#patience.giveUp, () => this.#reactions.lost());
      this.#reactions.stale();
    });
  }

  #listen(time: number): void {
    this.#asked = false;
    this.#after(time, () => {
      const left = this.#heard + this.#patience.quiet - Date.now();
      // More than that is left where somebody has set the clock back.
      if (left > 0 && left <= this.#patience.quiet) this.#listen(left);
      else this.ask();
    });
  }

  #after(time: number, what: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(what, time);
  }
}
