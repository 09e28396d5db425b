/** The dashboard's connection to its gateway: what is heard goes to the store, and commands go to the gates. */
import { type Details, type GateAction, GateClient } from "../client/index.ts";
import { follow } from "./sent.ts";
import { LiveStore } from "./store.ts";

export class Live {
  readonly store: LiveStore;
  readonly #gates: GateClient;
  readonly #admin: GateClient;
  #watchers = 0;

  constructor(
    store: LiveStore = new LiveStore(),
    gates: GateClient = new GateClient("gate_all"),
    admin: GateClient = new GateClient("admin"),
  ) {
    this.store = store;
    this.#gates = gates;
    this.#admin = admin;

    gates.on("message", (message) => store.apply(message));
    gates.on("gap", (gap) => store.miss(gap));
    gates.on("connected", ({ role }) => store.connection({ state: "connected", stale: false, role, retryAt: undefined }));
    gates.on("stale", () => store.connection({ stale: true }));
    gates.on("fresh", () => store.connection({ stale: false }));
    gates.on("disconnected", ({ retryIn }) =>
      store.connection({
        state: retryIn === undefined ? "closed" : "lost",
        stale: true,
        retryAt: retryIn === undefined ? undefined : Date.now() + retryIn,
      }),
    );
    gates.on("unauthorized", () => store.connection({ state: "unauthorized" }));
    gates.on("forbidden", () => store.connection({ state: "forbidden" }));
    admin.on("message", (message) => store.applyAdmin(message));
  }

  /**
   * Connects, at once where it would be tried later, and anew where nothing is heard. After a login,
   * too: with `forget`, if it may be somebody else's.
   */
  start(): void {
    if (!this.#gates.isStale()) return;

    if (this.#gates.isConnected()) this.#gates.reconnect();
    else this.#gates.connect();
    this.store.connection({ state: "connecting", retryAt: undefined });
  }

  /** Leaves, as before a logout. */
  stop(): void {
    this.#gates.disconnect();
    this.#admin.disconnect();
  }

  /** Has a gate do something. Each step of it is in the store, under the id that is returned. */
  control(gate: string, action: GateAction, duration?: number, details?: Details): string {
    const command = this.#gates.controlGate(action, gate, duration, details);
    follow(command, Date.now(), (sent) => this.store.follow(sent));

    return command.commandId;
  }

  /** Has the camera of a gate take a picture. */
  capture(gate: string): void {
    follow(this.#gates.controlCamera("capture", gate), Date.now(), (sent) => this.store.follow(sent));
  }

  /** Asks a gate, or all of them, to tell how things are. */
  refresh(gate?: string): void {
    this.#gates.requestStatus(gate);
  }

  /** Listens to `admin` until the function that is returned is called. */
  watchAdmin(): () => void {
    this.#watchers += 1;
    this.#admin.connect();

    return () => {
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#admin.disconnect();
    };
  }
}
