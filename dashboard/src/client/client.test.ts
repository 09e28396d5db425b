import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { type CommandError, GateClient, type PendingCommand } from "./index.ts";
import { Gateway, event, numbered, pass } from "./testing/gateway.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("connecting", () => {
  test("a client is connected when the gateway has greeted it, and ready when it knows the states", () => {
    const gateway = new Gateway().note("connected", "ready");
    gateway.client.connect();
    expect(gateway.client.getConnectionState()).toBe("CONNECTING");

    gateway.connection.greet();
    expect([gateway.client.isConnected(), gateway.client.isReady()]).toEqual([true, false]);
    gateway.connection.say({ type: "snapshot_end" });

    expect([gateway.client.isConnected(), gateway.client.isReady()]).toEqual([true, true]);
    expect(gateway.heard[0]).toMatchObject(["connected", { channel: "gate_in", role: "operator" }]);
    expect(gateway.names).toEqual(["connected", "ready"]);
    expect(gateway.connection.url.href).toBe("ws://gateway/ws/gate_in");
  });

  test("to connect twice is to connect once", () => {
    const gateway = new Gateway();

    gateway.client.connect();
    gateway.client.connect();
    gateway.connection.greet();
    gateway.client.connect();

    expect(gateway.connections).toHaveLength(1);
  });

  test("a program shows its token as a subprotocol, and never in the address", () => {
    const gateway = new Gateway("gate_in", { token: "mt_secret" });

    gateway.client.connect();

    expect(gateway.connection.protocols).toEqual(["bearer", "mt_secret"]);
    expect(gateway.connection.url.href).not.toContain("mt_secret");
  });

  test.each([
    ["https://gates.example.org", "wss://gates.example.org/ws/gate_7"],
    ["http://10.0.0.5:8000/", "ws://10.0.0.5:8000/ws/gate_7"],
    ["wss://example.org/site", "wss://example.org/site/ws/gate_7"],
  ])("a gateway at %s is found at %s", (address, url) => {
    const gateway = new Gateway("gate_7", { gateway: address });

    gateway.client.connect();

    expect(gateway.connection.url.href).toBe(url);
  });

  test("without any WebSocket it says what to do", () => {
    vi.stubGlobal("WebSocket", undefined);

    expect(() => new GateClient("gate_in").connect()).toThrow("give one as the option");
    vi.unstubAllGlobals();
  });

  test("an attempt that leads nowhere is given up", async () => {
    const gateway = new Gateway().note("disconnected", "stale");
    gateway.client.connect();

    await pass(20_000);

    expect(gateway.names).toEqual(["disconnected"]);
    expect(gateway.connections[0]?.closedByClient).toBe(true);
    await pass(500);
    expect(gateway.connections).toHaveLength(2);
  });

  test("a failing connection is told as an error, in the shape of all errors", () => {
    const gateway = new Gateway().note("error");
    gateway.client.connect();

    gateway.connection.onerror?.(new Error("Unexpected server response: 401"));

    expect(gateway.heard[0]?.[1]).toMatchObject({
      payload: { code: "connection_failed", message: expect.stringContaining("401") },
    });
  });
});

describe("hearing", () => {
  test("a listener hears its type of message, and one of `message` all of them", () => {
    const gateway = new Gateway().note("gate_status", "message");
    const connection = gateway.admit();
    gateway.heard.length = 0;

    connection.say({ type: "gate_status", payload: { status: "open", mode: "auto" } });
    connection.say({ type: "of_the_future", payload: { new: true } });

    expect(gateway.names).toEqual(["gate_status", "message", "message"]);
    expect(gateway.heard[0]?.[1]).toMatchObject({
      payload: { status: "open" },
      gate_id: "gate_in",
      channel: "gate_in",
      timestamp: "2024-01-20T10:30:00Z",
    });
  });

  test("whoever does not listen any more hears nothing", () => {
    const gateway = new Gateway();
    const connection = gateway.admit();
    const [left, silenced, stays] = [vi.fn(), vi.fn(), vi.fn()];
    gateway.client.on("gate_status", left);
    const silence = gateway.client.on("gate_status", silenced);
    gateway.client.on("gate_status", stays);

    gateway.client.off("gate_status", left);
    silence();
    connection.say({ type: "gate_status" });

    expect([left, silenced, stays].map((listener) => listener.mock.calls.length)).toEqual([0, 0, 1]);
  });

  test("a listener that fails keeps nobody else from hearing", () => {
    const gateway = new Gateway();
    const thrown: (() => void)[] = [];
    vi.spyOn(globalThis, "queueMicrotask").mockImplementation((what) => thrown.push(what));
    gateway.client.on("gate_status", () => {
      throw new Error("mine");
    });
    gateway.note("gate_status");

    gateway.admit().say({ type: "gate_status" });

    expect(gateway.names).toEqual(["gate_status"]);
    expect(thrown[0]).toThrow("mine");
  });

  test.each(["", "nonsense", "[]", "null", '{"type":1,"payload":{},"gate_id":"g"}', '{"type":"x"}', new ArrayBuffer(3)])(
    "what is no message is ignored: %s",
    (data) => {
      const gateway = new Gateway();
      const connection = gateway.admit();
      gateway.note("message");

      connection.onmessage?.({ data });

      expect(gateway.names).toEqual([]);
    },
  );
});

describe("losing the connection", () => {
  test("it comes back by itself, later each time, and never after more than 15 s", async () => {
    const gateway = new Gateway().note("disconnected");
    gateway.client.connect();

    for (const wait of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      const before = gateway.connections.length;
      gateway.connection.end(1006);
      expect(gateway.client.getConnectionState()).toBe("CLOSED");
      expect(gateway.heard.at(-1)?.[1]).toMatchObject({ code: 1006, retryIn: wait });
      await pass(wait - 1);
      expect(gateway.connections).toHaveLength(before);
      await pass(1);
      expect(gateway.connections).toHaveLength(before + 1);
    }
  });

  test("after a connection that held it is tried soon again; after one that did not, it is not", async () => {
    const gateway = new Gateway().note("disconnected");
    const waits = () => gateway.heard.map(([, end]) => (end as { retryIn: number }).retryIn);
    gateway.client.connect();
    gateway.connection.end(1006);
    await pass(500);
    gateway.connection.greet();
    gateway.connection.end(1006);
    await pass(1_000);
    gateway.connection.greet(true);
    await pass(5_001);
    gateway.connection.end(1006);

    expect(waits()).toEqual([500, 1_000, 500]);
  });

  test("clients of a gateway that goes away come back spread over seconds", () => {
    const waits = [0, 0.5, 1].map((chance) => {
      const gateway = new Gateway("gate_in", { random: () => chance }).note("disconnected");
      gateway.admit().end(1001);
      return gateway.heard[0]?.[1];
    });

    expect(waits).toMatchObject([{ retryIn: 500 }, { retryIn: 3_000 }, { retryIn: 5_500 }]);
  });

  test("one that was too slow comes back at once and resumes", async () => {
    const gateway = new Gateway("gate_in", { random: () => 0 });
    const connection = gateway.admit();
    connection.say(event("e1"));

    connection.end(4008, "too far behind");
    await pass(0);

    expect(gateway.connections).toHaveLength(2);
    expect(gateway.connection.url.searchParams.get("after")).toBe("e1");
  });

  test.each([
    [4401, "unauthorized"],
    [4403, "forbidden"],
  ] as const)("with %i it stays away until it is told to connect", async (code, name) => {
    const gateway = new Gateway().note("disconnected", name);

    gateway.admit().end(code, "log in");
    await pass(600_000);

    expect(gateway.connections).toHaveLength(1);
    expect(gateway.names).toEqual(["disconnected", name]);
    expect(gateway.heard[1]?.[1]).toMatchObject({ code, reason: "log in", retryIn: undefined });
    expect(gateway.client.getConnectionState()).toBe("DISCONNECTED");
    gateway.client.connect();
    expect(gateway.connections).toHaveLength(2);
  });

  test("one that was told to disconnect does not come back, and hears nothing more", async () => {
    const gateway = new Gateway().note("disconnected", "message");
    const connection = gateway.admit();
    gateway.heard.length = 0;

    gateway.client.disconnect();
    gateway.client.disconnect();
    connection.say(event("late"));
    connection.end(1000);
    await pass(600_000);

    expect(gateway.names).toEqual(["disconnected"]);
    expect(connection.closedByClient).toBe(true);
    expect(gateway.connections).toHaveLength(1);
  });

  test("when the network is back it does not wait any longer", async () => {
    const gateway = new Gateway();
    gateway.client.connect();
    for (const _ of [1, 2, 3, 4]) {
      gateway.connection.end(1006);
      await pass(8_000);
    }
    gateway.connection.end(1006);

    dispatchEvent(new Event("online"));

    expect(gateway.connections).toHaveLength(6);
    gateway.client.disconnect();
    dispatchEvent(new Event("online"));
    expect(gateway.connections).toHaveLength(6);
  });
});

describe("events", () => {
  test("one that comes twice is heard once, and the order is kept", async () => {
    const gateway = new Gateway().note("parking_event");
    const connection = gateway.admit();
    for (const id of ["e1", "e2", "e1"]) connection.say(event(id));
    connection.end(1006);
    await pass(500);
    gateway.admit(true, [event("e2"), event("e3")]);

    expect(gateway.heard.map(([, heard]) => (heard as { id: string }).id)).toEqual(["e1", "e2", "e3"]);
  });

  test("it resumes after the last event: never after a state, or an answer that it alone was given", async () => {
    const gateway = new Gateway();
    const connection = gateway.admit();
    connection.say(event("e1"));
    connection.say({ type: "gate_status", payload: {}, id: "s1" });
    connection.answer(gateway.client.controlGate("open"), "failed");
    connection.say({ type: "error", payload: { code: "invalid", message: "no" } });

    connection.end(1006);
    await pass(500);

    expect(gateway.connection.url.searchParams.get("after")).toBe("e1");
  });

  test("a resumed connection has no gap, and one that is not resumed says so", async () => {
    const gateway = new Gateway().note("gap");
    gateway.admit().say(event("e1"));

    gateway.connection.end(1006);
    await pass(500);
    gateway.admit(true);
    expect(gateway.heard).toEqual([]);

    gateway.connection.end(1006);
    await pass(1_000);
    gateway.admit(false);
    expect(gateway.heard).toMatchObject([["gap", { channel: "gate_in", skipped: undefined }]]);
  });

  test("whoever is cut off before it has seen an event resumes after the last one before it came", async () => {
    const gateway = new Gateway().note("gap");
    const resumedAfter = () => gateway.connection.url.searchParams.get("after");
    gateway.admit(undefined, [], "e7").end(1006);
    await pass(500);
    expect(resumedAfter()).toBe("e7");

    gateway.admit(true, [event("e8")], "e9").end(1006);
    await pass(1_000);
    expect(resumedAfter()).toBe("e8");
    expect(gateway.names).toEqual([]);

    gateway.admit(false, [], "e20").end(1006);
    await pass(2_000);
    expect(resumedAfter()).toBe("e20");
    expect(gateway.names).toEqual(["gap"]);
  });

  test("whoever comes back without ever having seen an event may have missed the first", async () => {
    const gateway = new Gateway().note("gap");
    gateway.admit().end(1006);
    await pass(500);

    gateway.admit();

    expect(gateway.names).toEqual(["gap"]);
  });

  test("a gateway that was without its broker says so on the same connection", () => {
    const gateway = new Gateway().note("gap", "connected");

    gateway.admit().greet(false);

    expect(gateway.names).toEqual(["connected", "gap"]);
  });

  test("numbers that are missing are told, and can be asked for", () => {
    const gateway = new Gateway().note("gap");
    const connection = gateway.admit();
    for (const seq of [4, 5, 9]) connection.say(numbered(seq));

    expect(gateway.heard).toMatchObject([
      ["gap", { skipped: { gate_id: "gate_in", journal: "j1", from_seq: 6, to_seq: 8 } }],
    ]);
    expect(gateway.client.requestEvents({ gate_id: "gate_in", journal: "j1", from_seq: 6, to_seq: 8 })).toBe(true);
    expect(connection.sent.at(-1)).toEqual({
      type: "request_events",
      payload: { gate_id: "gate_in", journal: "j1", from_seq: 6, to_seq: 8 },
    });
  });

  test("events that are published again, and those of a new journal, are no gap", () => {
    const gateway = new Gateway().note("gap");
    const connection = gateway.admit();

    for (const seq of [5, 6]) connection.say(numbered(seq));
    connection.say(numbered(2));
    connection.say(numbered(7));
    connection.say(numbered(1, "j2"));
    connection.say({ ...numbered(40), gate_id: "gate_out", id: "other" });

    expect(gateway.names).toEqual([]);
  });
});

describe("silence", () => {
  test("a gateway that is silent is asked, and one that answers is not stale", async () => {
    const gateway = new Gateway().note("stale", "disconnected");
    const connection = gateway.admit();

    for (const _ of [1, 2, 3]) {
      await pass(10_000);
      expect(connection.sent.at(-1)).toEqual({ type: "ping", payload: {} });
      connection.say({ type: "pong" });
    }

    expect(connection.sent).toHaveLength(3);
    expect([gateway.names, gateway.client.isStale()]).toEqual([[], false]);
  });

  test("one that says something now and then is not asked", async () => {
    const gateway = new Gateway();
    const connection = gateway.admit();

    for (const _ of [1, 2, 3, 4, 5]) {
      await pass(9_000);
      connection.say({ type: "gate_status" });
    }
    expect(connection.sent).toEqual([]);
    await pass(10_000);

    expect(connection.sent).toHaveLength(1);
  });

  test("one that does not answer is stale, and fresh when it is heard again", async () => {
    const gateway = new Gateway().note("stale", "fresh");
    const connection = gateway.admit();

    await pass(14_000);
    expect([gateway.names, gateway.client.isStale()]).toEqual([["stale"], true]);
    connection.say({ type: "gate_status" });

    expect([gateway.names, gateway.client.isStale()]).toEqual([["stale", "fresh"], false]);
  });

  test("one that stays silent is given up, and tried again", async () => {
    const gateway = new Gateway().note("stale", "disconnected");
    const connection = gateway.admit();

    await pass(20_000);

    expect(gateway.names).toEqual(["stale", "disconnected"]);
    expect(connection.closedByClient).toBe(true);
    await pass(500);
    expect(gateway.connections).toHaveLength(2);
  });

  test("after a sleep in which no timer ran it is stale before anything is sent", async () => {
    const gateway = new Gateway();
    const connection = gateway.admit();

    vi.setSystemTime(Date.now() + 3_600_000);

    expect(gateway.client.isStale()).toBe(true);
    await expect(gateway.client.controlGate("open")).rejects.toMatchObject({ code: "stale" });
    expect(connection.sent).toEqual([]);
    document.dispatchEvent(new Event("visibilitychange"));
    expect(connection.sent).toEqual([{ type: "ping", payload: {} }]);
  });
});

describe("commands", () => {
  test("one is told how far it got, and resolves when it is done", async () => {
    const gateway = new Gateway();
    const connection = gateway.admit();
    const statuses: string[] = [];

    const command = gateway.client.controlGate("open", "gate_in", 10, { reason: "delivery" });
    command.onAnswer(({ status }) => statuses.push(status));

    expect(connection.sent).toEqual([
      {
        type: "gate_control",
        payload: { action: "open", gate_id: "gate_in", duration: 10, reason: "delivery", command_id: command.commandId },
      },
    ]);
    connection.answer(command, "accepted");
    expect((await command.accepted).status).toBe("accepted");
    connection.answer(command, "executing");
    connection.answer(command, "succeeded", { gate_status: "open" });
    expect(await command).toMatchObject({ status: "succeeded", gate_status: "open" });
    expect(statuses).toEqual(["accepted", "executing", "succeeded"]);
  });

  test.each([
    ["failed", "movement_timeout", "movement_timeout"],
    ["rejected", "vehicle_present", "vehicle_present"],
    ["expired", undefined, "expired"],
    ["of_the_future", undefined, "of_the_future"],
  ])("one that is %s (%s) rejects with the code %s", async (status, code, expected) => {
    const gateway = new Gateway();
    const connection = gateway.admit();
    const command = gateway.client.controlGate("close");

    connection.answer(command, "accepted");
    connection.answer(command, status, code ? { code, message: "why" } : {});

    const error = await reason(command);
    expect([error.name, error.code, error.answer?.status]).toEqual(["CommandError", expected, status]);
  });

  test("without a connection, and to no gate, nothing is sent, now or later", async () => {
    const gateway = new Gateway("gate_all");
    expect((await reason(gateway.client.controlGate("open", "gate_in"))).code).toBe("not_connected");

    gateway.client.connect();
    expect((await reason(gateway.client.controlGate("open", "gate_in"))).code).toBe("not_connected");
    const connection = gateway.admit();
    expect((await reason(gateway.client.controlGate("open"))).code).toBe("invalid");
    connection.end(1006);
    expect((await reason(gateway.client.controlGate("open", "gate_in"))).code).toBe("not_connected");
    await pass(500);
    gateway.admit();

    expect(gateway.connections.flatMap(({ sent }) => sent)).toEqual([]);
  });

  test("while the gateway is stale nothing is sent", async () => {
    const gateway = new Gateway();
    const connection = gateway.admit();
    await pass(14_000);
    connection.sent.length = 0;

    expect((await reason(gateway.client.controlGate("open"))).code).toBe("stale");

    expect(connection.sent).toEqual([]);
  });

  test("one that nobody answers is told to be unknown, and one that never ends as well", async () => {
    const gateway = new Gateway();
    const connection = gateway.admit();
    const [unheard, unfinished] = [gateway.client.controlGate("open"), gateway.client.controlGate("close")];
    const errors = Promise.all([reason(unheard), reason(unfinished)]);

    connection.answer(unfinished, "accepted");
    for (let n = 0; n < 13; n++) {
      await pass(10_000);
      connection.say({ type: "pong" });
    }

    expect((await errors).map(({ code }) => code)).toEqual(["no_answer", "outcome_unknown"]);
    expect(vi.getTimerCount()).toBe(1);
  });

  test("an answer that was missed is found again by a resumed connection", async () => {
    const gateway = new Gateway();
    const connection = gateway.admit();
    connection.say(event("e1"));
    const command = gateway.client.controlGate("open");
    connection.answer(command, "accepted");

    connection.end(1006);
    await pass(500);
    gateway.admit(true);
    gateway.connection.answer(command, "succeeded");

    expect((await command).status).toBe("succeeded");
  });

  test("where it cannot be resumed, or the client leaves, the outcome is unknown", async () => {
    const gateway = new Gateway();
    gateway.admit();
    const first = reason(gateway.client.controlGate("open"));
    gateway.connection.end(1006);
    await pass(500);
    gateway.admit();
    expect((await first).code).toBe("outcome_unknown");

    const second = reason(gateway.client.controlGate("open"));
    gateway.client.disconnect();
    expect((await second).code).toBe("outcome_unknown");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("one that the gateway does not understand is refused by its error", async () => {
    const gateway = new Gateway();
    const connection = gateway.admit();
    const command = gateway.client.controlCamera("start_stream", null, { fps: 5 });
    expect(connection.sent[0]).toMatchObject({ type: "camera_control", payload: { fps: 5, gate_id: "gate_in" } });

    connection.say({ type: "error", payload: { code: "invalid", message: "no", command_id: command.commandId } });

    expect((await reason(command)).code).toBe("invalid");
  });

  test("whoever does not await one need not catch its failure", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);

    new Gateway().client.controlGate("open");
    vi.useRealTimers();
    await new Promise((resolve) => setImmediate(resolve));

    expect(unhandled).not.toHaveBeenCalled();
    process.off("unhandledRejection", unhandled);
  });

  test("every state can be asked for anew: of one gate, or of all that were heard of", () => {
    const gateway = new Gateway("gate_all");
    const connection = gateway.admit();
    for (const gate_id of ["gate_in", "gate_out"]) connection.say({ type: "gate_status", gate_id });
    connection.say({ type: "system_status", gate_id: "bridge", payload: { state: "online" } });

    expect(gateway.client.requestStatus("gate_7")).toBe(true);
    expect(gateway.client.requestStatus()).toBe(true);

    expect(connection.sent.map(({ payload }) => payload.gate_id)).toEqual(["gate_7", "gate_in", "gate_out"]);
    gateway.client.disconnect();
    expect(gateway.client.requestStatus()).toBe(false);
  });
});

function reason(command: PendingCommand): Promise<CommandError> {
  return command.then(
    () => {
      throw new Error("it succeeded");
    },
    (error) => error,
  );
}
