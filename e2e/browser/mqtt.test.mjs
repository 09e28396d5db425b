// MQTT over WebSocket from a page in a headless browser, with the client that pages use.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { openBrowser } from "./browser.mjs";
import { Site } from "./site.mjs";

const LIBRARY = new URL("node_modules/mqtt/dist/mqtt.min.js", import.meta.url);

let browser;
let server;

before(async () => {
  browser = await openBrowser();
  const library = await readFile(LIBRARY);
  server = createServer((request, response) => {
    const isPage = request.url === "/";
    response.setHeader("Content-Type", isPage ? "text/html" : "text/javascript");
    response.end(isPage ? "<script src=/mqtt.js></script>" : library);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

after(async () => {
  await browser?.close();
  server?.close();
});

for (const protocolVersion of [4, 5]) {
  for (const qos of [0, 1, 2]) {
    test(`a page publishes and subscribes: MQTT ${protocolVersion}, QoS ${qos}`, async (t) => {
      const { page, url } = await open(t);

      const heard = await page.evaluate(talk, { url, protocolVersion, qos, payload: "hello" });

      assert.deepEqual(heard, { topic: "page", payload: "hello", qos });
    });
  }
}

test("a message that is larger than any frame arrives whole", async (t) => {
  const { page, url } = await open(t);
  const payload = "x".repeat(900_000);

  const heard = await page.evaluate(talk, { url, protocolVersion: 5, qos: 1, payload });

  assert.ok(heard.payload === payload);
});

test("a page hears what mosquitto publishes, and the state of a gate", async (t) => {
  const { site, page, url } = await open(t);

  const heard = page.evaluate(hear, { url, topic: "from/mosquitto" });
  await site.publish("from/mosquitto", "hello", "-r");
  assert.equal(await heard, "hello");

  const status = await page.evaluate(hear, { url, topic: "parking/gate_in/gate_status" });
  assert.equal(JSON.parse(status).payload.status, "closed");
});

test("a page that belongs to nobody is kept out", async (t) => {
  const { page, url } = await open(t);
  await page.goto("about:blank");

  const opened = await page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const socket = new WebSocket(url, "mqtt");
        socket.onopen = () => resolve("open");
        socket.onerror = () => resolve("refused");
      }),
    url,
  );

  assert.equal(opened, "refused");
});

/** A site, and an empty page of this machine that knows MQTT. */
async function open(t) {
  const site = await Site.up();
  t.after(() => site.kill());
  const page = await browser.newPage();
  t.after(() => page.close());
  await page.goto(`http://127.0.0.1:${server.address().port}/`);

  return { site, page, url: site.websocket.href };
}

/** In the page: subscribes, publishes, hears it, and leaves. */
async function talk({ url, protocolVersion, qos, payload }) {
  const client = await window.mqtt.connectAsync(url, { protocolVersion, reconnectPeriod: 0 });
  const heard = new Promise((resolve) => {
    client.on("message", (topic, bytes, packet) => {
      resolve({ topic, payload: new TextDecoder().decode(bytes), qos: packet.qos });
    });
  });
  await client.subscribeAsync("page", { qos });
  await client.publishAsync("page", payload, { qos });
  const message = await heard;
  await client.endAsync();

  return message;
}

/** In the page: the first message on a topic. */
async function hear({ url, topic }) {
  const client = await window.mqtt.connectAsync(url, { reconnectPeriod: 0 });
  const heard = new Promise((resolve) => {
    client.on("message", (_topic, bytes) => resolve(new TextDecoder().decode(bytes)));
  });
  await client.subscribeAsync(topic, { qos: 1 });
  const payload = await heard;
  await client.endAsync();

  return payload;
}
