import type { Answer, Message } from "./contract.ts";
import { isAnswer } from "./message.ts";

/** How long a gate, or the gateway for it, may take to answer at all. The gateway itself waits for 2 s. */
const ANSWER_WITHIN = 5_000;
/** How long after that a command may take to be done. */
const DONE_WITHIN = 120_000;

/**
 * Why a command was not sent, or did not succeed.
 *
 * `code` is one of the contract's, or of this library: `not_connected`, `stale` and `invalid`
 * (nothing was sent); `no_answer` and `outcome_unknown` (it was sent, and may have been done).
 */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: string;
  /** What the gate or the gateway said, where it did. */
  readonly answer: Answer | undefined;

  constructor(code: string, message: string, answer?: Answer) {
    super(message);
    this.code = code;
    this.answer = answer;
  }
}

/**
 * A command on its way. It can be awaited like a promise: it resolves with the answer
 * `succeeded`, and rejects with a {@link CommandError}. Nobody has to await it.
 */
export class PendingCommand implements PromiseLike<Answer> {
  readonly commandId: string;
  readonly gateId: string;
  readonly action: string;
  /** Resolves with the first answer that is no refusal: the gate will do it, or has done it. */
  readonly accepted: Promise<Answer>;
  /** Resolves when it is done. */
  readonly outcome: Promise<Answer>;
  #accept: (answer: Answer) => void = () => {};
  #succeed: (answer: Answer) => void = () => {};
  #refuse: (error: CommandError) => void = () => {};
  #answered: (answer: Answer) => void = () => {};

  constructor(commandId: string, gateId: string, action: string) {
    this.commandId = commandId;
    this.gateId = gateId;
    this.action = action;
    const accepted = new Promise<Answer>((resolve, reject) => {
      this.#accept = resolve;
      this.#refuse = reject;
    });
    const outcome = new Promise<Answer>((resolve, reject) => {
      const refuse = this.#refuse;
      this.#succeed = resolve;
      this.#refuse = (error) => {
        refuse(error);
        reject(error);
      };
    });
    this.accepted = accepted;
    this.outcome = outcome;
    // Whoever does not care how it ends need not catch anything.
    accepted.catch(() => {});
    outcome.catch(() => {});
  }

  /** Calls a function with each answer, as they come. */
  onAnswer(listener: (answer: Answer) => void): this {
    this.#answered = listener;
    return this;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- to be awaited is what it is for.
  then<Done = Answer, Failed = never>(
    done?: ((answer: Answer) => Done | PromiseLike<Done>) | null,
    failed?: ((error: CommandError) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Done | Failed> {
    return this.outcome.then(done, failed);
  }

  catch<Failed>(failed: (error: CommandError) => Failed | PromiseLike<Failed>): Promise<Answer | Failed> {
    return this.outcome.catch(failed);
  }

  finally(last: () => void): Promise<Answer> {
    return this.outcome.finally(last);
  }

  /** @internal */
  hear(answer: Answer): "going on" | "over" {
    this.#answered(answer);
    switch (answer.status) {
      case "accepted":
      case "executing":
        this.#accept(answer);
        return "going on";
      case "succeeded":
        this.#accept(answer);
        this.#succeed(answer);
        return "over";
      default:
        this.fail(new CommandError(answer.code ?? answer.status, answer.message ?? words(answer), answer));
        return "over";
    }
  }

  /** @internal */
  fail(error: CommandError): void {
    this.#refuse(error);
  }
}

/** The commands that were sent and have no outcome yet. */
export class Commands {
  readonly #pending = new Map<string, { command: PendingCommand; timer: ReturnType<typeof setTimeout> }>();

  /** Waits for the answers to a command that has been sent. */
  expect(command: PendingCommand): void {
    this.#wait(command, ANSWER_WITHIN, "no_answer", "nobody answered: it may have been done, or not");
  }

  /** Looks whether a message answers one of them. */
  hear(message: Message): void {
    if (isAnswer(message)) {
      const pending = this.#pending.get(message.payload.command_id);
      if (!pending) return;
      if (pending.command.hear(message.payload) === "over") this.#forget(message.payload.command_id);
      else this.#wait(pending.command, DONE_WITHIN, "outcome_unknown", "it was accepted, and no outcome was told");
    } else if (message.type === "error" && message.payload.command_id) {
      const { code, message: text, command_id } = message.payload;
      this.#pending.get(command_id)?.command.fail(new CommandError(code, text));
      this.#forget(command_id);
    }
  }

  /** Their outcomes will not be told any more. */
  giveUp(reason: string): void {
    for (const [id, { command }] of this.#pending) {
      this.#forget(id);
      command.fail(new CommandError("outcome_unknown", reason));
    }
  }

  #wait(command: PendingCommand, time: number, code: string, text: string): void {
    this.#forget(command.commandId);
    const timer = setTimeout(() => {
      this.#forget(command.commandId);
      command.fail(new CommandError(code, text));
    }, time);
    this.#pending.set(command.commandId, { command, timer });
  }

  #forget(id: string): void {
    clearTimeout(this.#pending.get(id)?.timer);
    this.#pending.delete(id);
  }
}

function words(answer: Answer): string {
  return `${answer.action} ${answer.status}${answer.code ? `: ${answer.code.replaceAll("_", " ")}` : ""}`;
}
