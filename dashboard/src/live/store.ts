/**
 * What is the case at the gates, outside of React.
 *
 * Messages change what will be shown next; it is shown with the next animation frame, however many
 * came in between. Between two frames nothing that was read changes. Everything in it is bounded.
 */
import type { Gap, Message } from "../client/index.ts";
import { isEvent } from "../client/index.ts";
import { nextFrame } from "./frame.ts";
import { type GateState, after } from "./gate.ts";
import { Ring } from "./ring.ts";
import type { Sent } from "./sent.ts";
import { type Minute, Traffic } from "./traffic.ts";

/** How the connection to the gateway is. */
export interface Connection {
  /** `lost` comes back by itself. */
  readonly state: "connecting" | "connected" | "lost" | "unauthorized" | "forbidden" | "closed";
  /** Nothing is heard from the gateway: what is shown may be old. */
  readonly stale: boolean;
  /** Whether the states of all gates have been told since the page was opened. */
  readonly told: boolean;
  readonly role: string;
  /** When the state began, and when the next attempt is, in milliseconds since 1970. */
  readonly since: number;
  readonly retryAt?: number | undefined;
}

/** Something that happened, or a time of which nobody here knows all that happened. */
export type Entry =
  | { readonly number: number; readonly heard: number; readonly message: Message; readonly gap?: undefined }
  | { readonly number: number; readonly heard: number; readonly gap: Gap; readonly message?: undefined };

/** What can be read, and what one can be told the changes of. */
export interface View {
  readonly gates: readonly GateState[];
  /** Events of all gates, and gaps between them, the oldest first. */
  readonly events: readonly Entry[];
  readonly connection: Connection;
  /** Commands from this page, the oldest first. */
  readonly commands: readonly Sent[];
  readonly traffic: readonly Minute[];
  /** What `admin` tells, the oldest first. */
  readonly admin: readonly Message[];
}

export type Part = keyof View;
type Schedule = (publish: () => void) => void;

export const LIMITS = { events: 5_000, commands: 200, admin: 2_000 };
const ADMIN = new Set<string>([
  "gate_control",
  "camera_control",
  "request_status",
  "request_events",
  "gate_control_response",
  "camera_control_response",
  "session_opened",
  "session_closed",
  "invalid_message",
] satisfies Message["type"][]);
/** Gateways are no gates, though they have a state. */
const GATEWAY = /^bridge(-|$)/;
/** What the gateway says to this page alone carries the name of the channel. */
const CHANNELS = ["gate_all", "admin"];

export class LiveStore {
  readonly #schedule: Schedule;
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #changed = new Set<string>();

  readonly #gates = new Map<string, GateState>();
  #events = new Ring<Entry>(LIMITS.events);
  #admin = new Ring<Message>(LIMITS.admin);
  readonly #commands = new Map<string, Sent>();
  #traffic = new Traffic();
  #connection: Connection = { state: "connecting", stale: false, told: false, role: "", since: Date.now() };
  #number = 0;
  /** The gates that the snapshot has told of, while one is being told. */
  #told: Set<string> | undefined;
  /** How far the gateway's clock is ahead of this machine's. */
  #ahead = 0;

  #view: View = { gates: [], events: [], connection: this.#connection, commands: [], traffic: [], admin: [] };
  #byId = new Map<string, GateState>();

  constructor(schedule: Schedule = nextFrame) {
    this.#schedule = schedule;
  }

  /** What is shown now. The same until the next frame. */
  get view(): View {
    return this.#view;
  }

  /** One gate as it is shown now, or nothing as long as it was not heard of. */
  gate(id: string): GateState | undefined {
    return this.#byId.get(id);
  }

  /** Calls a function after a part has changed, once a frame at most. Returns what ends that. */
  subscribe(part: Part | `gate ${string}`, listener: () => void): () => void {
    const listeners = this.#listeners.get(part) ?? new Set();
    this.#listeners.set(part, listeners.add(listener));

    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(part) === listeners) this.#listeners.delete(part);
    };
  }

  /** A message of `gate_all`. */
  apply(message: Message): void {
    switch (message.type) {
      case "hello":
        this.#ahead = Date.parse(message.payload.server_time) - Date.now() || 0;
        return;
      case "snapshot_begin":
        this.#told = new Set();
        return;
      case "snapshot_end":
        this.#endSnapshot();
        return;
      default:
        this.#hear(message);
    }
  }

  /** Events were missed. */
  miss(gap: Gap): void {
    this.#events.push({ number: this.#next(), heard: Date.now(), gap });
    this.#touch("events");
  }

  /** A message of `admin`: commands, answers, and what is told there alone. The rest comes on `gate_all`. */
  applyAdmin(message: Message): void {
    if (!ADMIN.has(message.type)) return;

    this.#admin.push(message);
    this.#touch("admin");
  }

  /** A command of this page got further. */
  follow(sent: Sent): void {
    this.#commands.set(sent.id, sent);
    const [oldest] = this.#commands.keys();
    if (oldest && this.#commands.size > LIMITS.commands) this.#commands.delete(oldest);
    this.#touch("commands");
  }

  /** The connection changed. */
  connection(change: Partial<Connection>): void {
    const since = change.state && change.state !== this.#connection.state ? Date.now() : this.#connection.since;
    this.#connection = { ...this.#connection, ...change, since };
    this.#touch("connection");
  }

  /** Somebody else has logged in, perhaps with other rights: nothing of before is theirs. */
  forget(): void {
    for (const id of this.#gates.keys()) this.#touch(`gate ${id}`);
    this.#gates.clear();
    this.#commands.clear();
    this.#events = new Ring(LIMITS.events);
    this.#admin = new Ring(LIMITS.admin);
    this.#traffic = new Traffic();
    for (const part of ["gates", "events", "commands", "traffic", "admin"] as const) this.#touch(part);
    this.connection({ told: false });
  }

  #hear(message: Message): void {
    const { gate_id: id } = message;
    if (GATEWAY.test(id) || CHANNELS.includes(id)) return;

    const known = this.#gates.get(id) ?? { id, heard: 0 };
    this.#gates.set(id, after(known, message, Math.max(known.heard, this.#heardAt(message))));
    this.#told?.add(id);
    this.#touch("gates");
    this.#touch(`gate ${id}`);

    if (!isEvent(message.type)) return;
    this.#events.push({ number: this.#next(), heard: Date.now(), message });
    this.#touch("events");
    if (this.#traffic.count(message)) this.#touch("traffic");
  }

  /** What a snapshot tells may have been said long ago. */
  #heardAt({ timestamp }: Message): number {
    const now = Date.now();
    const said = Date.parse(timestamp) - this.#ahead;

    return this.#told && said < now ? said : now;
  }

  /** A snapshot is the whole truth: what it does not mention is gone. */
  #endSnapshot(): void {
    for (const id of this.#gates.keys()) {
      if (!this.#told || this.#told.has(id)) continue;
      this.#gates.delete(id);
      this.#touch(`gate ${id}`);
    }
    this.#told = undefined;
    this.#touch("gates");
    this.connection({ told: true });
  }

  #next(): number {
    this.#number += 1;
    return this.#number;
  }

  #touch(part: Part | `gate ${string}`): void {
    if (this.#changed.size === 0) this.#schedule(() => this.#publish());
    this.#changed.add(part);
  }

  #publish(): void {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    const renew = <Value>(part: Part, old: Value, make: () => Value) => (changed.has(part) ? make() : old);
    const { view } = this;

    this.#view = {
      gates: renew("gates", view.gates, () => [...this.#gates.values()]),
      events: renew("events", view.events, () => this.#events.view()),
      connection: this.#connection,
      commands: renew("commands", view.commands, () => [...this.#commands.values()]),
      traffic: renew("traffic", view.traffic, () => this.#traffic.view()),
      admin: renew("admin", view.admin, () => this.#admin.view()),
    };
    if (changed.has("gates")) this.#byId = new Map(this.#gates);
    for (const part of changed) {
      for (const listener of [...(this.#listeners.get(part) ?? [])]) listener();
    }
  }
}
