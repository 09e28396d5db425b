// The client library at a site with logins: who gets in, and what they may do.

import assert from "node:assert/strict";
import { test } from "node:test";

import { GateClient } from "manless-client";
import WebSocket from "ws";

import { heard } from "./heard.mjs";
import { Site } from "./site.mjs";

const USERS = [
  ["otto", "operator", "gate_in"],
  ["vera", "viewer"],
];

test("a client that nobody knows is told so, and stays away", async (t) => {
  const { client } = await look(t, "gate_in");

  client.connect();
  const { code, retryIn } = await heard(client, "unauthorized");

  assert.deepEqual([code, retryIn, client.getConnectionState()], [4401, undefined, "DISCONNECTED"]);
});

test("a program with a token does what its user may, and nothing else", async (t) => {
  const { site, client } = await look(t, "gate_in", "otto");
  client.connect();
  await heard(client, "system_status", ({ payload }) => payload.state === "online");

  assert.equal(client.hello.role, "operator");
  assert.equal((await client.controlGate("open", null, 1)).gate_status, "open");
  const elsewhere = another(t, site, "gate_out", "otto");
  elsewhere.connect();
  const { code } = await heard(elsewhere, "forbidden");
  assert.equal(code, 4403);
  const everywhere = another(t, site, "gate_all", "otto");
  everywhere.connect();
  await heard(everywhere, "ready");
  await assert.rejects(async () => everywhere.controlGate("open", "gate_out"), { code: "unauthorized" });
});

test("a viewer sees, and commands nothing", async (t) => {
  const { client } = await look(t, "gate_in", "vera");
  client.connect();
  await heard(client, "gate_status", ({ payload }) => payload.status === "closed");

  await assert.rejects(async () => client.controlGate("open"), { code: "unauthorized" });
});

test("a token that is taken away ends its connection, and the client stays away", async (t) => {
  const { site, client } = await look(t, "gate_in", "otto");
  client.connect();
  await heard(client, "ready");

  const ended = heard(client, "unauthorized");
  await site.manless("token", "remove", "otto");
  await ended;

  assert.equal(client.getConnectionState(), "DISCONNECTED");
});

/** A site with logins, and a client of one channel with a token of this user. */
async function look(t, channel, user) {
  const site = await Site.up(USERS);
  t.after(() => site.kill());

  return { site, client: another(t, site, channel, user) };
}

function another(t, site, channel, user) {
  const token = site.tokens.get(user);
  const client = new GateClient(channel, { gateway: site.dashboard.origin, WebSocket, token });
  t.after(() => client.disconnect());

  return client;
}
