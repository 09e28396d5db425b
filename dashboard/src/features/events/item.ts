/** What happened, as a line of the feed: which messages are shown, and what kind of thing they tell. */
import type { Message } from "../../client/index.ts";
import type { Tone } from "../../ui/chip.tsx";

/** Something that happened, or a time of which nobody here knows what happened. */
export interface Item {
  key: string;
  gate: string;
  /** When, by the clock of the gate. */
  at: string;
  kind: Kind;
  tone: Tone;
  /** In the words of the contract: an event, a decision, a code. */
  what: string;
  card?: string | null | undefined;
  detail?: string | null | undefined;
  /** The name of its picture. */
  image?: string | null | undefined;
  journal?: string | undefined;
  seq?: number | undefined;
}

export const KINDS = ["passage", "card", "gate", "fault", "command"] as const;
export type Kind = (typeof KINDS)[number] | "gap";

const PASSAGES = ["entry", "exit", "no_passage"];
const FAULTS = ["tailgate", "forced_open", "movement_timeout", "events_lost"];
const WARNINGS = ["denied", "manual_open", "no_passage"];
const ENDED = ["succeeded", "failed", "rejected", "expired"];

/**
 * The line for a message, if it has one. Every entry and exit comes as `parking_event` too, so
 * `parking_entry` and `parking_exit` have none of their own.
 */
export function itemOf(message: Message, key: string): Item | undefined {
  const { gate_id: gate, timestamp: at } = message;
  const common = { key, gate, at, ...placeOf(message) };

  switch (message.type) {
    case "parking_event": {
      const { event, card_id: card, image_id: image, detail } = message.payload;
      // The card's own message says it already, and why.
      if (event === "denied" && !image) return undefined;
      const fault = FAULTS.includes(event);
      const kind = PASSAGES.includes(event) ? "passage" : event === "denied" ? "card" : fault ? "fault" : "gate";
      const tone = fault || event === "emergency_open" ? "bad" : WARNINGS.includes(event) ? "warn" : "plain";
      return { ...common, kind, tone, what: `event.${event}`, card, image, detail };
    }
    case "card_detected": {
      const { card_id: card, decision, reason: detail } = message.payload;
      const tone = decision === "granted" ? "good" : decision === "denied" ? "warn" : "quiet";
      return { ...common, kind: "card", tone, what: `decision.${decision}`, card, detail };
    }
    case "error": {
      const { code, message: detail } = message.payload;
      return { ...common, kind: "fault", tone: "bad", what: `error.${code}`, detail };
    }
    case "gate_control_response": {
      const { action, status, code, message: detail } = message.payload;
      if (!ENDED.includes(status)) return undefined;
      const failed = status !== "succeeded";
      return {
        ...common,
        kind: "command",
        tone: failed ? "warn" : "plain",
        what: `action.${action}`,
        detail: [status, failed ? (code ?? detail) : undefined].filter(Boolean).join(" "),
      };
    }
    default:
      return undefined;
  }
}

/** Where a journaled event has its place. */
function placeOf(message: Message): { journal?: string | undefined; seq?: number | undefined } {
  const { journal, seq } = { journal: undefined, seq: undefined, ...message };

  return { journal: journal ?? undefined, seq: seq ?? undefined };
}

/** Where the picture of an item is. */
export function pictureOf({ gate, image }: Item): string | undefined {
  return image ? `/gates/${gate}/images/${image}.jpg` : undefined;
}
