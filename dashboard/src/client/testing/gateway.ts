import { vi } from "vitest";

import { type ClientEvents, type ClientOptions, GateClient } from "../index.ts";

/** The gateway's end of the connections of one client, played by the test. */
export class Gateway {
  readonly connections: Connection[] = [];
  readonly client: GateClient;
  readonly heard: [name: string, event: unknown][] = [];

  constructor(channel = "gate_in", options: ClientOptions = {}) {
    const { connections } = this;
    class ScriptedSocket extends Connection {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        connections.push(this);
      }
    }

    this.client = new GateClient(channel, {
      gateway: "ws://gateway",
      WebSocket: ScriptedSocket,
      random: () => 1,
      ...options,
    });
  }

  /** The newest connection. */
  get connection(): Connection {
    const newest = this.connections.at(-1);
    if (!newest) throw new Error("the client has not connected");

    return newest;
  }

  /** Lets the client in, and tells it how things are. */
  admit(recovered?: boolean, missed: object[] = [], lastEvent?: string): Connection {
    this.client.connect();
    const { connection } = this;
    connection.greet(recovered, lastEvent);
    for (const message of missed) connection.say(message);
    connection.say({ type: "snapshot_begin" });
    connection.say({ type: "snapshot_end" });

    return connection;
  }

  /** Notes each of these events from now on. */
  note<Name extends keyof ClientEvents>(...names: Name[]): this {
    for (const name of names) this.client.on(name, (heard) => this.heard.push([name, heard]));
    return this;
  }

  /** The names of what was noted, in order. */
  get names(): string[] {
    return this.heard.map(([name]) => name);
  }
}

/** One connection: what the client sent on it, and what the gateway says. */
export class Connection {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((error: unknown) => void) | null = null;
  readonly url: URL;
  readonly protocols: string[];
  readonly sent: { type: string; payload: Record<string, unknown> }[] = [];
  closedByClient = false;

  constructor(url: string, protocols: string[]) {
    this.url = new URL(url);
    this.protocols = protocols;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closedByClient = true;
  }

  greet(recovered?: boolean, last_event?: string): void {
    const payload = { server_time: "2024-01-20T10:30:00Z", contract: "1.0", channel: "gate_in", role: "operator" };
    this.say({ type: "hello", payload: { ...payload, recovered, last_event } });
  }

  say(message: object): void {
    const envelope = { payload: {}, gate_id: "gate_in", timestamp: "2024-01-20T10:30:00Z", ...message };
    this.onmessage?.({ data: JSON.stringify(envelope) });
  }

  answer(command: { commandId: string; action: string }, status: string, more: object = {}): void {
    const payload = { command_id: command.commandId, action: command.action, status, success: true, ...more };
    this.say({ type: "gate_control_response", payload, id: `answer-${status}-${command.commandId}` });
  }

  end(code: number, reason = ""): void {
    this.onclose?.({ code, reason });
  }
}

/** An event of `gate_in`, with this id. */
export function event(id: string, more: object = {}): object {
  return { type: "parking_event", payload: { event: "entry" }, id, ...more };
}

/** A journaled one. */
export function numbered(seq: number, journal = "j1"): object {
  return event(`${journal}-${seq}`, { journal, seq });
}

export function pass(milliseconds: number): Promise<unknown> {
  return vi.advanceTimersByTimeAsync(milliseconds);
}
