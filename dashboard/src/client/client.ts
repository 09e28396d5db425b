import { Backoff, FORBIDDEN, UNAUTHORIZED } from "./backoff.ts";
import { CommandError, Commands, PendingCommand } from "./commands.ts";
import type { CameraAction, GateAction, Hello, Message } from "./contract.ts";
import { Emitter } from "./emitter.ts";
import { newId } from "./id.ts";
import { Ledger, type Skipped } from "./ledger.ts";
import { type MessageOf, type MessageType, parse } from "./message.ts";
import { PATIENCE, type Patience, Pulse } from "./pulse.ts";
import { type Socket, type SocketClass, addressOf } from "./socket.ts";

/** A message, and the channel that it came on. */
export type Heard<Kind extends Message = Message> = Kind & { channel: string };

/** What every event about the connection says. */
export interface About {
  channel: string;
  timestamp: string;
}

export interface Connected extends About {
  /** What the client may do: `viewer`, `operator`, `admin`. */
  role: string;
  /** Whether all that happened since the last connection is told now; nothing on the first one. */
  recovered: boolean | undefined;
}

export interface Disconnected extends About {
  code: number;
  reason: string;
  /** Milliseconds until the next attempt; nothing where there will be none. */
  retryIn: number | undefined;
}

/** Events were missed: how many is not known, unless `skipped` says which. */
export interface Gap extends About {
  skipped: Skipped | undefined;
}

/** What a client can be listened to for: every type of message, and what follows. */
export type ClientEvents = { [Type in MessageType]: Heard<MessageOf<Type>> } & {
  /** Every message. */
  message: Heard;
  /** The gateway has greeted; the states of the gates follow. */
  connected: Connected;
  /** The states of all gates are told; what comes now happens now. */
  ready: About;
  disconnected: Disconnected;
  /** Nothing was heard for too long: what was told may be old. */
  stale: About;
  /** It is heard again. */
  fresh: About;
  gap: Gap;
  /** Not logged in, or not any more. The client stays away until `connect` is called. */
  unauthorized: Disconnected;
  /** Logged in, and not allowed. The client stays away until `connect` is called. */
  forbidden: Disconnected;
};

/** `CLOSED`: lost, and will be tried again. `DISCONNECTED`: on purpose, or not let in. */
export type ConnectionState = "DISCONNECTED" | "CONNECTING" | "CONNECTED" | "CLOSED";

export interface ClientOptions {
  /** `https://gates.example.org`. On a page of the gateway it is not needed. */
  gateway?: string | undefined;
  /** The token of a program (`manless token`). People log in on the page instead. */
  token?: string | undefined;
  /** The class of sockets, where there is none built in: `import WebSocket from "ws"`. */
  WebSocket?: unknown;
  patience?: Patience | undefined;
  /** For tests. */
  random?: (() => number) | undefined;
}

/** What a command to a gate may say besides its action. */
export interface Details {
  /** Why, for those who read the records. */
  reason?: string;
  /** When a hold ends by itself, RFC 3339. */
  until?: string;
  /** The card that is granted by `open` and denied by `close`. */
  card_id?: string;
}

/** A connection that has lasted so long was a good one. */
const GOOD_AFTER = 5_000;
const ALL = ["gate_all", "admin"];

/** A client of one channel: a gate, `gate_all`, or `admin`. */
export class GateClient extends Emitter<ClientEvents> {
  readonly channel: string;
  readonly #options: ClientOptions;
  readonly #backoff: Backoff;
  readonly #ledger = new Ledger();
  readonly #commands = new Commands();
  readonly #pulse: Pulse;
  readonly #gates = new Set<string>();
  #state: ConnectionState = "DISCONNECTED";
  #socket: Socket | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #hello: Hello | undefined;
  /** When this connection was greeted. */
  #since: number | undefined;
  #ready = false;

  constructor(channel = "gate_all", options: ClientOptions = {}) {
    super();
    this.channel = channel;
    this.#options = options;
    this.#backoff = new Backoff(options.random);
    this.#pulse = new Pulse(options.patience ?? PATIENCE, {
      ask: () => this.send("ping"),
      stale: () => this.isConnected() && this.emit("stale", this.#about()),
      fresh: () => this.isConnected() && this.emit("fresh", this.#about()),
      lost: () => this.#lost(1006, "the gateway does not answer"),
    });
  }

  /** Connects, and comes back whenever the connection is lost, until `disconnect`. */
  connect(): void {
    if (this.#state === "CONNECTING" || this.#state === "CONNECTED") return;

    globalThis.addEventListener?.("online", this.#wake);
    globalThis.document?.addEventListener("visibilitychange", this.#wake);
    this.#open();
  }

  /** Leaves, and does not come back by itself. */
  disconnect(): void {
    if (this.#state === "DISCONNECTED") return;

    this.#end(1000, "disconnected", "DISCONNECTED", undefined);
  }

  /** Leaves and comes back. */
  reconnect(): void {
    this.disconnect();
    this.#backoff.reset();
    this.connect();
  }

  isConnected(): boolean {
    return this.#state === "CONNECTED";
  }

  /** Whether what was told may be old, because nothing is heard from the gateway. */
  isStale(): boolean {
    return !this.isConnected() || this.#pulse.isStale;
  }

  /** Whether the states of all gates have been told on this connection. */
  isReady(): boolean {
    return this.isConnected() && this.#ready;
  }

  getConnectionState(): ConnectionState {
    return this.#state;
  }

  /** What the gateway said when it last greeted. */
  get hello(): Hello | undefined {
    return this.#hello;
  }

  /**
   * Has a gate do something. `duration` is in whole seconds, from when it is fully open; without
   * it the gate does as it is configured. On a gate's own channel it need not be named.
   *
   * Nothing is ever sent later than now: without a connection, or when what is shown may be old, it is
   * refused at once.
   */
  controlGate(action: GateAction, gateId?: string | null, duration?: number | null, details: Details = {}): PendingCommand {
    const { reason, until, card_id } = details;

    return this.#command("gate_control", gateId, { action, duration, reason, until, card_id });
  }

  /** Has the camera of a gate do something; `fetch` needs the `image_id` of a picture. */
  controlCamera(
    action: CameraAction,
    gateId?: string | null,
    details: { fps?: number; max_seconds?: number; image_id?: string } = {},
  ): PendingCommand {
    return this.#command("camera_control", gateId, { action, ...details });
  }

  /** Asks a gate, or all that have been heard of, to tell its states anew. Whether that could be sent. */
  requestStatus(gateId?: string | null): boolean {
    const gate = this.#gate(gateId);
    const gates = gate ? [gate] : [...this.#gates];

    return !this.isStale() && gates.every((gate_id) => this.send("request_status", { gate_id }));
  }

  /** Asks a gate to publish journaled events again: those that `gap` says were skipped. */
  requestEvents(range: { gate_id: string; journal?: string; from_seq: number; to_seq?: number }): boolean {
    return !this.isStale() && this.send("request_events", range);
  }

  /** Sends a message of the contract, if there is a connection. Whether there is one. */
  send(type: string, payload: object = {}): boolean {
    if (!this.isConnected() || !this.#socket) return false;

    this.#socket.send(JSON.stringify({ type, payload }));
    return true;
  }

  #command(type: string, gateId: string | null | undefined, payload: { action: string; [field: string]: unknown }): PendingCommand {
    const gate = this.#gate(gateId);
    const command = new PendingCommand(newId(), gate ?? "", payload.action);
    const refusal = this.#refusal(gate);
    if (refusal) {
      command.fail(refusal);
      return command;
    }

    this.#commands.expect(command);
    this.send(type, { ...present(payload), gate_id: gate, command_id: command.commandId });
    return command;
  }

  #refusal(gate: string | undefined): CommandError | undefined {
    if (!gate) return new CommandError("invalid", `which gate? On ${this.channel} a command has to name it`);
    if (!this.isConnected()) return new CommandError("not_connected", "there is no connection: nothing was sent");
    if (this.isStale()) return new CommandError("stale", "the gateway is not heard: nothing was sent");

    return undefined;
  }

  #gate(gateId: string | null | undefined): string | undefined {
    return gateId ?? (ALL.includes(this.channel) ? undefined : this.channel);
  }

  #open(): void {
    clearTimeout(this.#retry);
    this.#state = "CONNECTING";
    this.#since = undefined;
    this.#ready = false;
    const { gateway, token } = this.#options;
    const Socket = (this.#options.WebSocket ?? globalThis.WebSocket) as SocketClass | undefined;
    if (!Socket) throw new Error("there is no WebSocket here: give one as the option `WebSocket`");

    const protocols = token ? ["bearer", token] : [];
    const socket = new Socket(addressOf(gateway, this.channel, this.#ledger.after), protocols);
    this.#socket = socket;
    // An attempt that leads nowhere is given up as a connection that is silent.
    this.#pulse.beat();
    socket.onmessage = ({ data }: { data: unknown }) => this.#hear(data);
    socket.onerror = (error: unknown) => this.#complain(error);
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => this.#lost(code, reason);
  }

  #hear(frame: unknown): void {
    this.#pulse.beat();
    const message = parse(frame);
    if (!message) return;

    this.#commands.hear(message);
    const entry = this.#ledger.take(message);
    if (entry.is === "duplicate") return;
    if (entry.skipped) this.#tellGap(entry.skipped);
    if (message.type === "hello") this.#greeted(message.payload);
    if (message.type === "hardware_status" || message.type === "gate_status") this.#gates.add(message.gate_id);

    const heard = { ...message, channel: this.channel };
    this.emit(message.type, heard as never);
    this.emit("message", heard);
    if (message.type === "snapshot_end") {
      this.#ready = true;
      this.emit("ready", this.#about());
    }
  }

  #greeted(hello: Hello): void {
    const isFirst = this.#hello === undefined;
    const { role, recovered, last_event } = hello;
    this.#hello = hello;
    // What was missed comes now, where it is told, and moves the place from which to resume by itself.
    if (recovered !== true) this.#ledger.begin(last_event ?? undefined);
    if (this.#since === undefined) {
      this.#since = Date.now();
      this.#state = "CONNECTED";
      this.emit("connected", { ...this.#about(), role, recovered: recovered ?? undefined });
    }
    // Whoever comes back and could not say after what may have missed something.
    if (!isFirst && recovered !== true) this.#tellGap(undefined);
  }

  #tellGap(skipped: Skipped | undefined): void {
    if (!skipped) {
      this.#ledger.breakOff();
      this.#commands.giveUp("the connection was lost, and the answer with it");
    }
    this.emit("gap", { ...this.#about(), skipped });
  }

  #complain(error: unknown): void {
    const reason = error instanceof Error || (error instanceof Object && "message" in error) ? `: ${String(error.message)}` : "";
    const payload = { code: "connection_failed", message: `the connection to the gateway failed${reason}` };

    this.emit("error", { type: "error", payload, gate_id: this.channel, ...this.#about() });
  }

  #lost(code: number, reason: string): void {
    if (this.#since !== undefined && Date.now() - this.#since > GOOD_AFTER) this.#backoff.reset();
    const wait = this.#backoff.next(code);

    this.#end(code, reason, wait === undefined ? "DISCONNECTED" : "CLOSED", wait);
  }

  #end(code: number, reason: string, state: ConnectionState, retryIn: number | undefined): void {
    this.#drop();
    this.#state = state;
    if (retryIn === undefined) {
      globalThis.removeEventListener?.("online", this.#wake);
      globalThis.document?.removeEventListener("visibilitychange", this.#wake);
      this.#commands.giveUp("the client has left: it may have been done, or not");
    } else {
      this.#retry = setTimeout(() => this.#open(), retryIn);
    }

    const end = { ...this.#about(), code, reason, retryIn };
    this.emit("disconnected", end);
    if (code === UNAUTHORIZED) this.emit("unauthorized", end);
    if (code === FORBIDDEN) this.emit("forbidden", end);
  }

  /** Lets go of the socket. What it still says is not heard. */
  #drop(): void {
    clearTimeout(this.#retry);
    this.#pulse.stop();
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;

    socket.onmessage = socket.onclose = null;
    // The package `ws` throws where nobody listens for it.
    socket.onerror = () => {};
    socket.close(1000);
  }

  /** The network is back, or somebody looks at the page again: no time to wait. */
  readonly #wake = (): void => {
    if (globalThis.document?.visibilityState === "hidden") return;

    if (this.#state === "CLOSED") this.#open();
    else if (this.isStale()) this.#pulse.ask();
  };

  #about(): About {
    return { channel: this.channel, timestamp: new Date().toISOString() };
  }
}

/** Without what is not there. */
function present(payload: object): object {
  return Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined && value !== null));
}
