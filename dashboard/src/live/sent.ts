/** A command that was sent from this page, and how far it is. */
import type { AnswerStatus, CommandError, PendingCommand } from "../client/index.ts";

/** `sent` until the first answer; `lost` when its outcome will never be known; `refused`: it was not even sent. */
export type Step = "sent" | "lost" | "refused" | AnswerStatus;

export interface Sent {
  readonly id: string;
  readonly gate: string;
  readonly action: string;
  /** When it was sent, in milliseconds since 1970. */
  readonly at: number;
  readonly step: Step;
  /** Of the contract, or of `CommandError`. */
  readonly code?: string | undefined;
  /** What the gate or the gateway said, for a person. */
  readonly message?: string | undefined;
  /** Milliseconds from sending it until the first answer was heard here. */
  readonly answered?: number | undefined;
  /** Milliseconds until the gate had done it, by its own clock. */
  readonly elapsed?: number | undefined;
}

const UNKNOWN = ["no_answer", "outcome_unknown"];

/** Tells each step of a command, the first one at once. */
export function follow(command: PendingCommand, at: number, tell: (sent: Sent) => void): void {
  let sent: Sent = { id: command.commandId, gate: command.gateId, action: command.action, at, step: "sent" };
  const next = (change: Partial<Sent>) => {
    sent = { ...sent, ...change };
    tell(sent);
  };

  tell(sent);
  command.onAnswer(({ status, code, message, elapsed_ms }) =>
    next({
      step: status,
      answered: sent.answered ?? Date.now() - at,
      code: code ?? undefined,
      message: message ?? undefined,
      elapsed: elapsed_ms ?? undefined,
    }),
  );
  command.outcome.catch((error: CommandError) => {
    if (error.answer) return;
    const step = UNKNOWN.includes(error.code) ? "lost" : sent.step === "sent" ? "refused" : "failed";
    next({ step, code: error.code, message: error.message });
  });
}
