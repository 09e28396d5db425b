// The client library, as programs get it, against a running site.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { GateClient } from "manless-client";
import WebSocket from "ws";

import { heard } from "./heard.mjs";
import { CARD, Site } from "./site.mjs";
import { Wire } from "./wire.mjs";

const README = join(import.meta.dirname, "../../dashboard/src/client/README.md");

test("a client knows the states of its gates, and hears a vehicle come in", async (t) => {
  const { site, client } = await look(t, "gate_all");
  const states = [];
  client.on("gate_status", ({ gate_id, payload }) => states.push(`${gate_id} ${payload.status}`));
  client.connect();
  await heard(client, "ready");
  assert.deepEqual(states.sort(), ["gate_in closed", "gate_out closed"]);

  const entry = heard(client, "parking_entry");
  await site.sim("gate_in", "drive", CARD);

  const { gate_id, channel, payload } = await entry;
  assert.deepEqual([gate_id, channel, payload.card_id], ["gate_in", "gate_all", CARD]);
});

test("a command resolves when the boom is up, and each step of it is told", async (t) => {
  const { client } = await look(t, "gate_in");
  client.connect();
  await heard(client, "ready");

  const steps = [];
  const command = client.controlGate("open", null, 1).onAnswer(({ status }) => steps.push(status));
  const answer = await command;

  assert.deepEqual([answer.status, answer.gate_status], ["succeeded", "open"]);
  assert.deepEqual([steps[0], steps.at(-1)], ["accepted", "succeeded"]);
});

test("a command that cannot be carried out rejects with the code of the contract", async (t) => {
  const { client } = await look(t, "gate_nowhere");
  client.connect();
  await heard(client, "ready");

  await assert.rejects(async () => client.controlGate("open"), { name: "CommandError", code: "gate_offline" });
  await assert.rejects(async () => client.controlCamera("capture"), { code: "gate_offline" });
});

test("a client that loses its connection hears what it missed, once and in order", async (t) => {
  const { site } = await look(t, "gate_in");
  const wire = await Wire.to(site.dashboard);
  t.after(() => wire.close());
  const client = new GateClient("gate_in", { gateway: wire.address, WebSocket, random: () => 0 });
  t.after(() => client.disconnect());
  const cards = [];
  const gaps = [];
  client.on("card_detected", ({ payload }) => cards.push(payload.card_id));
  client.on("gap", (gap) => gaps.push(gap));
  client.connect();
  await heard(client, "ready");
  const first = heard(client, "card_detected");
  await site.sim("gate_in", "card", "CAFE0001");
  await first;

  wire.cut();
  await heard(client, "disconnected");
  const witness = await look.client(t, site, "gate_in");
  const missed = heard(witness, "card_detected", ({ payload }) => payload.card_id === "CAFE0002");
  await site.sim("gate_in", "card", "CAFE0002");
  await missed;
  const back = heard(client, "ready");
  wire.mend();
  await back;

  assert.deepEqual(cards, ["CAFE0001", "CAFE0002"]);
  assert.deepEqual(gaps, []);
});

test("a client that is cut off before it has seen an event misses none either", async (t) => {
  const { site } = await look(t, "gate_in");
  const witness = await look.client(t, site, "gate_in");
  const cardIsHeard = async (card) => {
    const told = heard(witness, "card_detected", ({ payload }) => payload.card_id === card);
    await site.sim("gate_in", "card", card);
    await told;
  };
  await cardIsHeard("CAFE0001");
  const wire = await Wire.to(site.dashboard);
  t.after(() => wire.close());
  const client = new GateClient("gate_in", { gateway: wire.address, WebSocket, random: () => 0 });
  t.after(() => client.disconnect());
  const told = [];
  client.on("card_detected", ({ payload }) => told.push(payload.card_id));
  client.on("gap", () => told.push("gap"));
  client.connect();
  await heard(client, "ready");

  wire.cut();
  await heard(client, "disconnected");
  await cardIsHeard("CAFE0002");
  const back = heard(client, "ready");
  wire.mend();
  await back;

  assert.deepEqual(told, ["CAFE0002"]);
});

test("a gateway that is silent is asked, and answers", async (t) => {
  const patience = { quiet: 50, answer: 20_000, giveUp: 20_000 };
  const { client } = await look(t, "gate_nowhere", { patience });
  const told = [];
  client.on("message", ({ type }) => told.push(type));
  client.connect();

  await heard(client, "pong");
  await heard(client, "pong");

  assert.ok(!told.includes("error"), `${told}`);
  assert.equal(client.isStale(), false);
});

test("a wire that swallows everything is noticed, and the client comes back", async (t) => {
  const { site } = await look(t, "gate_in");
  const wire = await Wire.to(site.dashboard);
  t.after(() => wire.close());
  const patience = { quiet: 100, answer: 200, giveUp: 200 };
  const client = new GateClient("gate_in", { gateway: wire.address, WebSocket, patience, random: () => 0 });
  t.after(() => client.disconnect());
  client.connect();
  await heard(client, "ready");

  wire.swallow();
  await heard(client, "stale");
  await assert.rejects(async () => client.controlGate("open"), { code: "stale" });
  await heard(client, "disconnected");
  const back = heard(client, "ready");
  wire.mend();

  await back;
});

test("a gateway that ends says so, and the client says when it will try again", async (t) => {
  const { site, client } = await look(t, "gate_in");
  client.connect();
  await heard(client, "ready");

  const ended = heard(client, "disconnected");
  await site.stop();

  const { code, retryIn } = await ended;
  assert.equal(code, 1001);
  assert.ok(retryIn >= 500);
});

test("the program of the README opens a gate and ends", async (t) => {
  const { site } = await look(t, "gate_in");
  const programs = (await readFile(README, "utf8")).match(/(?<=```js\n)[^]*?(?=```)/g);
  const program = programs.find((code) => code.includes("process.env.GATEWAY"));

  const node = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: import.meta.dirname,
    env: { PATH: process.env.PATH, GATEWAY: site.dashboard.origin },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
  });
  let said = "";
  node.stdout.on("data", (text) => (said += text));
  node.stderr.on("data", (text) => (said += text));
  const [code] = await once(node, "close");

  assert.equal(code, 0, said);
  assert.match(said, /the boom is closed[^]*the boom is opening[^]*opened in \d+ ms/);
});

/** A site of this test whose gates are there, and a client of one channel that is not connected yet. */
async function look(t, channel, options = {}) {
  const site = await Site.up();
  t.after(() => site.kill());
  await bothGatesOf(site);
  const client = new GateClient(channel, { gateway: site.dashboard.origin, WebSocket, ...options });
  t.after(() => client.disconnect());

  return { site, client };
}

/** Waits until the gateway has heard that both booms are down. */
async function bothGatesOf(site) {
  const client = new GateClient("gate_all", { gateway: site.dashboard.origin, WebSocket });
  const closed = ["gate_in", "gate_out"].map((gate) =>
    heard(client, "gate_status", ({ gate_id, payload }) => gate_id === gate && payload.status === "closed"),
  );
  client.connect();
  await Promise.all(closed);

  client.disconnect();
}

/** One more client of a site, connected and told how things are. */
look.client = async (t, site, channel) => {
  const client = new GateClient(channel, { gateway: site.dashboard.origin, WebSocket });
  t.after(() => client.disconnect());
  client.connect();
  await heard(client, "ready");

  return client;
};
