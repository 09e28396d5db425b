// The page of a running site, in a headless browser: what a person at a desk sees and does.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openBrowser } from "./browser.mjs";
import { CARD, Site } from "./site.mjs";

let browser;

before(async () => {
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
});

test("the page shows each gate of the site, and that it is closed", async (t) => {
  const { page } = await look(t);

  for (const gate of ["gate_in", "gate_out"]) {
    await seen(gateOf(page, gate).getByText("closed", { exact: true }));
  }
});

test("the page shows the boom go up when a card is read", async (t) => {
  const { site, page } = await look(t);
  await seen(gateOf(page, "gate_in").getByText("closed", { exact: true }));

  await site.sim("gate_in", "card", CARD);

  await seen(gateOf(page, "gate_in").getByText("open", { exact: true }));
  await boomIsUp(gateOf(page, "gate_in"));
  await seen(gateOf(page, "gate_in").getByText(CARD).first());
  await seen(gateOf(page, "gate_out").getByText("closed", { exact: true }));
});

test("a click on Open opens the gate", async (t) => {
  const { site, page } = await look(t);
  const statuses = await site.subscribe("parking/gate_in/gate_status");

  await gateOf(page, "gate_in").getByRole("button", { name: /^open/i }).click();

  await statuses.until(({ payload }) => payload.status === "open" && payload.moved_by === "command");
  await seen(gateOf(page, "gate_in").getByText("open", { exact: true }));
});

test("the page says so when the connection to the site is lost", async (t) => {
  const { site, page } = await look(t);

  await site.stop();

  await seen(page.getByText(/connection lost/i).first());
});

test("the page works without any other host", async (t) => {
  const { site, page, requests } = await look(t);

  await seen(gateOf(page, "gate_in").getByText("closed", { exact: true }));

  const others = requests.filter((url) => !url.startsWith(site.dashboard.origin));
  assert.deepEqual(others, []);
});

/** A site of this test, and a page that shows it. What goes wrong in the page fails the test. */
async function look(t) {
  const site = await Site.up();
  t.after(() => site.kill());
  const page = await browser.newPage();
  t.after(() => page.close());
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => assert.fail(error));

  await page.goto(site.dashboard.href);
  return { site, page, requests };
}

/** The part of the page that shows one gate. */
function gateOf(page, gate) {
  return page.getByRole("article", { name: gate, exact: true });
}

/** Waits until the boom in the drawing of a gate points up. */
async function boomIsUp(gate) {
  const boom = await gate.locator(".boom").elementHandle();
  const pointsUp = (drawn) => {
    const { width, height } = drawn.getBoundingClientRect();
    return height > width;
  };

  await gate.page().waitForFunction(pointsUp, boom);
}

/** Waits until it can be seen. */
function seen(locator) {
  return locator.waitFor({ state: "visible" });
}
