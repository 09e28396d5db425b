import type { Message } from "./contract.ts";
import { isAnswer, isEvent } from "./message.ts";

/** As many as the gateway keeps for clients that come back: more can never come twice from there. */
const REMEMBERED = 10_000;

/** Events of a gate that were skipped, by their numbers in its journal. */
export interface Skipped {
  gate_id: string;
  journal: string;
  from_seq: number;
  to_seq: number;
}

/** What became of a message in the ledger. */
export type Entry = { is: "new"; skipped?: Skipped } | { is: "duplicate" };

/**
 * Which events were seen: drops those that come twice, notices those that are skipped, and knows
 * from where to resume.
 */
export class Ledger {
  /** The id of the last event that the gateway can resume after. */
  after: string | undefined;
  /** The oldest first. */
  readonly #seen = new Set<string>();
  readonly #journals = new Map<string, { journal: string; seq: number }>();

  take(message: Message): Entry {
    if (!isEvent(message.type)) return { is: "new" };

    if (message.id) {
      if (this.#seen.has(message.id)) return { is: "duplicate" };
      this.#remember(message.id);
      // An answer that the gateway gave to this client alone is not among what it keeps for others.
      if (!isAnswer(message)) this.after = message.id;
    }
    const skipped = this.#number(message);
    return skipped ? { is: "new", skipped } : { is: "new" };
  }

  /** Before anything else is heard: the last event that the gateway has told others, if it keeps one. */
  begin(last: string | undefined): void {
    if (last) this.after = last;
  }

  /** It is known that events were missed: the next one follows on nothing. */
  breakOff(): void {
    this.#journals.clear();
  }

  #remember(id: string): void {
    this.#seen.add(id);
    if (this.#seen.size > REMEMBERED) {
      const [oldest] = this.#seen;
      if (oldest) this.#seen.delete(oldest);
    }
  }

  /** Numbers are never skipped, so one that is missing was missed. Lower ones are published anew. */
  #number(message: Message): Skipped | undefined {
    const { gate_id } = message;
    const { journal, seq } = numbered(message);
    if (!journal || !seq) return undefined;

    const last = this.#journals.get(gate_id);
    const goesOn = last?.journal === journal;
    if (goesOn && seq <= last.seq) return undefined;
    this.#journals.set(gate_id, { journal, seq });

    return goesOn && seq > last.seq + 1
      ? { gate_id, journal, from_seq: last.seq + 1, to_seq: seq - 1 }
      : undefined;
  }
}

function numbered(message: Message) {
  return {
    journal: "journal" in message ? message.journal : undefined,
    seq: "seq" in message ? message.seq : undefined,
  };
}
