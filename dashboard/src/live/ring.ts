/** The newest of many things, the oldest first. */
export class Ring<Thing> {
  readonly #size: number;
  #things: Thing[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  push(thing: Thing): void {
    this.#things.push(thing);
    // Not one at a time, which would move all the others each time.
    if (this.#things.length >= 2 * this.#size) this.#things = this.#things.slice(-this.#size);
  }

  /** What is in it now; what comes later does not change it. */
  view(): readonly Thing[] {
    return this.#things.slice(-this.#size);
  }
}
