// A page that is open for long, at a site where much happens: it stays as large as it is.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import { openBrowser } from "./browser.mjs";
import { Site } from "./site.mjs";

/** More than the page, its client and the gateway keep of events. */
const MANY = 11_000;
/** And then some. */
const MORE = 5_000;
/** Far beyond what it takes, even on a busy machine. */
const PATIENCE = 50_000;

test("a page that has heard many events is no larger after many more, and shows the newest", async (t) => {
  const site = await Site.up();
  t.after(() => site.kill());
  const browser = await openBrowser();
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.on("pageerror", (error) => assert.fail(error));
  await page.goto(new URL("/events", site.dashboard).href);
  await page.waitForFunction(() => document.querySelector("[data-lost]") === null);

  await publish(site, "A", MANY);
  await shown(page, `A${MANY}`);
  const [heap, elements] = [await heapOf(page), await elementsOf(page)];
  await publish(site, "B", MORE);
  await shown(page, `B${MORE}`);

  const [heapLater, elementsLater] = [await heapOf(page), await elementsOf(page)];
  t.diagnostic(`${heap} then ${heapLater} bytes, ${elements} then ${elementsLater} elements`);
  assert.ok(heapLater < heap * 1.25, `${heap} bytes grew to ${heapLater}`);
  assert.ok(elementsLater < 2_000, `${elementsLater} elements`);
});

/** Has many cards turned away, as fast as the broker takes it. */
async function publish(site, name, many) {
  const { hostname, port } = site.mqtt;
  const words = ["-h", hostname, "-p", port, "-q", "1", "-t", "parking/gate_in/card_detected", "-l"];
  const publisher = spawn("mosquitto_pub", words, { stdio: ["pipe", "ignore", "inherit"], timeout: PATIENCE });
  for (let n = 1; n <= many; n++) {
    const message = {
      type: "card_detected",
      payload: { card_id: `${name}${n}`, decision: "denied" },
      gate_id: "gate_in",
      timestamp: new Date().toISOString(),
      id: `flood-${name}${n}`,
    };
    publisher.stdin.write(`${JSON.stringify(message)}\n`);
  }
  publisher.stdin.end();
  const [code] = await once(publisher, "close");
  assert.equal(code, 0, "mosquitto_pub did not get rid of them all");
}

function shown(page, text) {
  return page.getByText(text, { exact: true }).first().waitFor({ state: "visible" });
}

async function heapOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();

  return usedSize;
}

function elementsOf(page) {
  return page.evaluate(() => document.querySelectorAll("*").length);
}
