import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Gateway, event, pass } from "../client/testing/gateway.ts";
import { LiveContext, useAdmin, useGate, useView } from "./hooks.ts";
import { Live } from "./live.ts";
import { LiveStore } from "./store.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test("a component renders once for all that happened between two frames", () => {
  const { live, gateway, nextFrame } = bench();
  const renders = vi.fn();
  function Position() {
    renders();
    return <p>{useGate("gate_in")?.status?.status ?? "unknown"}</p>;
  }
  render(<Position />, { wrapper: above(live) });
  live.start();
  gateway.admit();
  act(nextFrame);
  renders.mockClear();

  for (const status of ["opening", "open", "closing"]) {
    gateway.connection.say({ type: "gate_status", payload: { status, mode: "auto" } });
  }
  act(nextFrame);

  expect(screen.getByText("closing")).toBeTruthy();
  expect(renders).toHaveBeenCalledTimes(1);
});

test("the connection is told as it is, and when it will be tried again", async () => {
  const { live, gateway, nextFrame } = bench();
  const state = () => {
    nextFrame();
    const { state: name, stale } = live.store.view.connection;
    return [name, stale];
  };

  live.start();
  expect(state()).toEqual(["connecting", false]);
  gateway.admit();
  expect(state()).toEqual(["connected", false]);
  expect(live.store.view.connection).toMatchObject({ told: true, role: "operator" });
  await pass(14_000);
  expect(state()).toEqual(["connected", true]);
  gateway.connection.say(event("e1"));
  expect(state()).toEqual(["connected", false]);
  gateway.connection.end(1006);
  expect(state()).toEqual(["lost", true]);
  expect(live.store.view.connection.retryAt).toBe(Date.now() + 500);
  await pass(500);
  gateway.connection.end(4401);
  expect(state()).toEqual(["unauthorized", true]);
});

test("whoever does not want to wait connects at once, and anew where nothing is heard", async () => {
  const { live, gateway, nextFrame } = bench();
  const state = () => {
    nextFrame();
    return live.store.view.connection.state;
  };
  live.start();
  gateway.admit();
  live.start();
  expect([gateway.connections.length, state()]).toEqual([1, "connected"]);

  gateway.connection.end(1006);
  live.start();
  expect([gateway.connections.length, state()]).toEqual([2, "connecting"]);
  gateway.admit(true);
  await pass(14_000);
  live.start();

  expect([gateway.connections.length, state()]).toEqual([3, "connecting"]);
});

test("events that were missed are a gap among the others", async () => {
  const { live, gateway, nextFrame } = bench();
  live.start();
  gateway.admit().say(event("e1"));
  gateway.connection.end(1006);
  await pass(500);
  gateway.admit(false).say(event("e2"));
  nextFrame();

  expect(live.store.view.events.map((entry) => entry.message?.id ?? "gap")).toEqual(["e1", "gap", "e2"]);
});

test("each step of a command is told, from the first", async () => {
  const { live, gateway, nextFrame } = bench();
  live.start();
  const connection = gateway.admit();
  const steps = () => {
    nextFrame();
    return live.store.view.commands.map(({ gate, action, step, code }) => [gate, action, step, code]);
  };

  const commandId = live.control("gate_in", "close", undefined, { reason: "night" });
  expect(steps()).toEqual([["gate_in", "close", "sent", undefined]]);
  expect(connection.sent[0]?.payload).toMatchObject({ action: "close", reason: "night" });
  connection.answer({ commandId, action: "close" }, "accepted");
  expect(steps()).toEqual([["gate_in", "close", "accepted", undefined]]);
  connection.answer({ commandId, action: "close" }, "failed", { code: "movement_timeout", message: "stuck" });
  await pass(0);
  expect(steps()).toEqual([["gate_in", "close", "failed", "movement_timeout"]]);
});

test("a command that is not sent is refused, and one whose answer is lost is lost", async () => {
  const { live, gateway, nextFrame } = bench();
  live.control("gate_in", "open");
  live.start();
  gateway.admit();
  live.control("gate_in", "open");
  live.stop();
  await pass(0);
  nextFrame();

  expect(live.store.view.commands.map(({ step, code }) => [step, code])).toEqual([
    ["refused", "not_connected"],
    ["lost", "outcome_unknown"],
  ]);
});

test("`admin` is listened to while somebody looks", () => {
  const { live, admin, nextFrame } = bench();
  function Sessions() {
    return <p>{useAdmin().length} records</p>;
  }
  const { unmount } = render(<Sessions />, { wrapper: above(live) });
  admin.admit().say({ type: "session_opened", payload: { session: 1, channel: "gate_in", address: "here" } });
  act(nextFrame);
  expect(screen.getByText("1 records")).toBeTruthy();

  unmount();

  expect(admin.client.getConnectionState()).toBe("DISCONNECTED");
});

test("a component without a site around it is a mistake that is told", () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  function Lost() {
    return <p>{useView("gates").length}</p>;
  }

  expect(() => render(<Lost />)).toThrow("LiveContext");
});

function bench() {
  const due: (() => void)[] = [];
  const [gateway, admin] = [new Gateway("gate_all"), new Gateway("admin")];
  const live = new Live(new LiveStore((publish) => due.push(publish)), gateway.client, admin.client);

  return { live, gateway, admin, nextFrame: () => due.splice(0).forEach((publish) => publish()) };
}

function above(live: Live) {
  return ({ children }: { children: React.ReactNode }) => <LiveContext value={live}>{children}</LiveContext>;
}
