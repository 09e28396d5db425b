// The dashboard of a running site, in a headless browser: what a person at a desk sees and does.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { openBrowser } from "./browser.mjs";
import { CARD, PASSWORD, Site } from "./site.mjs";
import { Wire } from "./wire.mjs";

/** Where pictures of the pages go: what a test saw, for people. */
const PICTURES = process.env.PICTURES ?? join(import.meta.dirname, "../../target/dashboard");
const HOME = "/";
const PHONE = { width: 360, height: 740 };
const USERS = [
  ["vera", "viewer"],
  ["otto", "operator", "gate_in"],
  ["anna", "admin"],
];

let browser;

before(async () => {
  await mkdir(PICTURES, { recursive: true });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
});

test("every gate is shown, with where its boom is", async (t) => {
  const { page } = await look(t);

  for (const gate of ["gate_in", "gate_out"]) await is(page, gate, "Closed");
});

test("a card becomes an entry, with the vehicle's picture", async (t) => {
  const { site, page } = await look(t);
  await is(page, "gate_in", "Closed");

  await site.sim("gate_in", "drive", CARD);

  await is(page, "gate_in", "Open");
  await boomIsUp(tile(page, "gate_in"));
  await seen(tile(page, "gate_in").getByText(CARD));
  await is(page, "gate_out", "Closed");
  await page.getByRole("link", { name: "Events" }).click();
  const entry = page.locator('[data-what="event.entry"]');
  await seen(entry.getByText(CARD));
  await entry.getByRole("button").click();
  const picture = page.getByRole("dialog").getByRole("img");
  await page.waitForFunction((image) => image.naturalWidth > 0, await picture.elementHandle());
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

test("a click on Open opens the gate, and each step of it is said", async (t) => {
  const { site, page } = await look(t, { path: "/gate/gate_in" });
  const statuses = await site.subscribe("parking/gate_in/gate_status");
  await seen(page.getByText("Closed", { exact: true }));

  await page.getByRole("button", { name: "Open gate_in", exact: true }).click();

  await statuses.until(({ payload }) => payload.status === "open" && payload.moved_by === "command");
  await seen(page.getByText("Open: done"));
  await seen(page.locator(".now").getByText("Open", { exact: true }));
  await boomIsUp(page.locator(".now"));
});

test("a gate is operated with the keyboard alone", async (t) => {
  const { site, page } = await look(t);
  const statuses = await site.subscribe("parking/gate_in/gate_status");
  const open = tile(page, "gate_in").getByRole("button", { name: "Open gate_in", exact: true });
  await seen(open);

  await reach(page, open);
  await page.keyboard.press("Enter");

  await statuses.until(({ payload }) => payload.status === "open" && payload.moved_by === "command");
});

test("a refused command says why", async (t) => {
  const { page } = await look(t, { path: "/gate/gate_in" });
  await page.getByRole("button", { name: "Hold closed" }).click();
  await seen(page.locator(".now").getByText("Held closed").first());

  await page.getByRole("button", { name: "Open gate_in", exact: true }).click();

  await seen(page.getByRole("status", { name: "Last command" }).getByText("set it to automatic first"));
});

test("an emergency needs a reason and a second click, and is ended in the same way", async (t) => {
  const { site, page } = await look(t, { path: "/gate/gate_in" });
  const statuses = await site.subscribe("parking/gate_in/gate_status");
  await page.getByRole("button", { name: "Emergency open …" }).click();
  const dialog = page.getByRole("dialog");
  const confirm = dialog.getByRole("button", { name: "Emergency open" });
  assert.equal(await confirm.isDisabled(), true);

  await dialog.getByLabel("Reason").fill("fire drill");
  await confirm.click();

  await statuses.until(({ payload }) => payload.mode === "emergency_open" && payload.mode_reason === "fire drill");
  await page.getByRole("button", { name: "End the emergency …" }).click();
  await dialog.getByLabel("Reason").fill("over");
  await dialog.getByRole("button", { name: "End the emergency" }).click();
  await seen(page.getByRole("button", { name: "Emergency open …" }));
});

test("a lost connection cannot be missed, and after it nothing is missing", async (t) => {
  const { site, page, wire } = await look(t, { wired: true });
  await is(page, "gate_in", "Closed");
  await site.sim("gate_in", "card", "CAFE0001");
  await seen(tile(page, "gate_in").getByText("CAFE0001"));

  wire.cut();
  await seen(page.getByRole("alert").getByText("Connection lost"));
  for (const button of await page.locator(".control button").all()) assert.equal(await button.isDisabled(), true);
  const cards = await site.subscribe("parking/gate_out/card_detected");
  await site.sim("gate_out", "card", "CAFE0002");
  await cards.until(({ payload }) => payload.card_id === "CAFE0002");
  wire.mend();

  await seen(page.getByText("Nothing was missed"));
  await page.getByRole("link", { name: "Events" }).click();
  await seen(page.locator('[data-what="decision.granted"]').getByText("CAFE0002"));
  assert.equal(await page.locator('[data-kind="gap"]').count(), 0);
});

test("a gateway that has ended is said to be lost", async (t) => {
  const { site, page } = await look(t);
  await is(page, "gate_in", "Closed");

  await site.stop();

  await seen(page.getByRole("alert").getByText("Connection lost"));
});

test("a device that is unplugged is said, and its gate comes first", async (t) => {
  const { site, page } = await look(t);
  await is(page, "gate_in", "Closed");

  await site.sim("gate_out", "unplug", "barrier");

  await seen(tile(page, "gate_out").getByText("Barrier controller lost"));
  await page.waitForFunction(() => document.querySelector(".tile")?.dataset.gate === "gate_out");
});

test("who wishes it is called when a gate breaks, by sound and by notification, and nobody else is", async (t) => {
  const permissions = ["notifications"];
  const { site, page } = await look(t, { permissions });
  const { page: other } = await visit(t, site.dashboard, { permissions });
  for (const one of [page, other]) {
    await is(one, "gate_out", "Closed");
    await one.evaluate(record);
  }
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByLabel("Play a sound").check();
  const notify = page.getByLabel("Show a notification while this page is not in sight");
  await notify.click();
  // It is switched on as soon as the browser has allowed it.
  await notify.and(page.locator(":checked")).waitFor();

  await site.sim("gate_out", "unplug", "barrier");

  for (const call of ["880 Hz", "660 Hz", "gate_out: Barrier controller lost"]) {
    await page.waitForFunction((wanted) => globalThis.calls.includes(wanted), call);
  }
  const words = (await page.evaluate(() => globalThis.calls)).filter((call) => call.startsWith("gate_"));
  for (const said of words) assert.match(said, /^gate_out: Barrier (controller lost|does not work)$/);
  await seen(tile(other, "gate_out").getByText("Barrier controller lost"));
  assert.deepEqual(await other.evaluate(() => globalThis.calls), []);
});

/** Runs in a page that is then out of sight: writes down what has been heard and shown. */
function record() {
  globalThis.calls = [];
  Object.defineProperty(document, "hidden", { get: () => true });
  globalThis.Notification = class extends Notification {
    constructor(title, options) {
      super(title, options);
      this.addEventListener("show", () => globalThis.calls.push(title));
    }
  };
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (when) {
    this.addEventListener("ended", () => globalThis.calls.push(`${this.frequency.value} Hz`));
    start.call(this, when);
  };
}

test("a live picture moves as long as somebody watches it", async (t) => {
  const { site, page } = await look(t, { path: "/gate/gate_in" });
  const ended = await site.subscribe("parking/gate_in/camera_control_response");
  await page.getByRole("button", { name: "Watch live" }).click();
  const stream = page.getByRole("img", { name: "Live picture of gate_in" });
  await page.waitForFunction((image) => image.naturalWidth > 0, await stream.elementHandle());

  await page.getByRole("button", { name: "Stop", exact: true }).click();

  await ended.until(({ payload }) => payload.action === "stop_stream" && payload.status === "succeeded");
  await seen(page.getByRole("img", { name: "Latest picture of gate_in" }));
});

test("a live picture that was watched leaves nothing in the page", async (t) => {
  const { page } = await look(t, { path: "/gate/gate_in" });
  const watch = async () => {
    await page.getByRole("button", { name: "Watch live" }).click();
    await seen(page.getByRole("img", { name: "Live picture of gate_in" }));
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await seen(page.getByRole("img", { name: "Latest picture of gate_in" }));
  };
  const cdp = await page.context().newCDPSession(page);
  const { result: pictures } = await cdp.send("Runtime.evaluate", { expression: "HTMLImageElement.prototype" });

  for (let times = 0; times < 5; times += 1) await watch();

  // Collects what is not needed any more before it looks for them.
  const { objects } = await cdp.send("Runtime.queryObjects", { prototypeObjectId: pictures.objectId });
  const { result } = await cdp.send("Runtime.callFunctionOn", {
    objectId: objects.objectId,
    functionDeclaration: "function () { return this.filter((picture) => !picture.isConnected).length; }",
  });
  assert.ok(result.value < 5, `${result.value} pictures are left`);
});

test("whoever reads older events is not disturbed by newer ones", async (t) => {
  const { site, page } = await look(t, { path: "/events" });
  await page.getByText("Nothing has happened").waitFor();
  const client = await site.connect();
  t.after(() => client.endAsync());
  const happen = (number) => client.publishAsync("parking/gate_far/parking_event", event(`CAFE${number}`), { qos: 1 });
  for (let number = 1000; number < 1200; number += 1) await happen(number);
  await seen(page.getByText("CAFE1199"));
  assert.ok((await page.locator(".rows-row").count()) < 60, "only what is in sight is in the page");

  await page.locator(".rows").evaluate((rows) => rows.scrollTo(0, 2000));
  await seen(page.getByText("CAFE1160"));
  for (let number = 1200; number < 1205; number += 1) await happen(number);

  const fresh = page.getByRole("button", { name: "5 newer: show them" });
  await seen(fresh);
  await seen(page.getByText("CAFE1160"));
  await fresh.click();
  await seen(page.getByText("CAFE1204"));
});

function event(card_id) {
  const payload = { event: "denied", card_id, image_id: card_id };

  return JSON.stringify({ type: "parking_event", payload, gate_id: "gate_far", timestamp: "2026-01-20T10:30:00Z", id: card_id });
}

test("events are exported as they are shown", async (t) => {
  const { site, page } = await look(t, { path: "/events" });
  await page.getByText("Nothing has happened").waitFor();
  await site.sim("gate_in", "card", CARD);
  await seen(page.locator('[data-what="decision.granted"]'));

  await page.getByLabel("Type").selectOption("card");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export as CSV" }).click();

  const lines = (await readFile(await (await download).path(), "utf8")).split("\r\n");
  assert.match(lines[0], /time,gate,kind,what,card/);
  assert.match(lines[1], new RegExp(`gate_in,card,granted,${CARD},`));
});

test("charts count entries and what is inside", async (t) => {
  const { site, page } = await look(t, { path: "/charts" });
  await page.locator('[data-figure="inside"]').getByText("0", { exact: true }).waitFor();

  await site.sim("gate_in", "drive", CARD);

  await page.locator('[data-figure="inside"]').getByText("1", { exact: true }).waitFor();
  await page.locator('.chart-bar[data-series="0"][data-value="1"]').waitFor();
});

test("an administrator sees who commanded what, and what was not understood", async (t) => {
  const { site, page } = await look(t, { path: "/admin" });
  await seen(page.getByText("connected", { exact: true }).first());
  const sessions = page.getByRole("region", { name: "Sessions that came or went" });
  await t.test("which sessions come", async () => {
    const other = await browser.newPage();
    await other.goto(new URL(HOME, site.dashboard).href);
    await seen(sessions.getByText("gate_all").first());
    await other.close();
  });

  await site.publish("parking/gate_in/gate_control", "stop");
  await site.publish("parking/gate_in/gate_status", "{nonsense");

  const commands = page.getByRole("region", { name: "Commands" });
  await seen(commands.getByText("Stop"));
  await seen(commands.getByText("done"));
  await seen(page.getByRole("region", { name: "Messages that were not understood" }).getByText("bytes"));
});

test("each role sees what it may, and no more", async (t) => {
  const site = await Site.up(USERS);
  t.after(() => site.kill());

  for (const [name, check] of Object.entries({ vera: viewer, otto: operatorOfOneGate, anna: administrator })) {
    await t.test(name, async (t) => {
      const { page } = await visit(t, site.dashboard);
      await page.getByLabel("User").fill(name);
      await page.getByLabel("Password").fill("not that");
      await page.getByRole("button", { name: "Log in" }).click();
      await seen(page.getByRole("alert").getByText("not right"));
      await logIn(page, name);
      await is(page, "gate_in", "Closed");
      await check(page);

      await page.getByRole("button", { name: "Settings" }).click();
      await page.getByRole("button", { name: "Log out" }).click();
      await seen(page.getByRole("heading", { name: "Log in" }));
      await page.goto(new URL(HOME, site.dashboard).href);
      await seen(page.getByRole("heading", { name: "Log in" }));
    });
  }
});

test("a login that is taken away ends at once, and the page says so", async (t) => {
  const site = await Site.up(USERS);
  t.after(() => site.kill());
  const { page } = await visit(t, site.dashboard);
  await logIn(page, "vera");
  await is(page, "gate_in", "Closed");

  await site.user("remove", "vera");

  await seen(page.getByRole("alert").getByText("You are not logged in"));
  await page.getByRole("alert").getByRole("link", { name: "Log in" }).click();
  await logIn(page, "anna");
  await is(page, "gate_in", "Closed");
});

async function viewer(page) {
  await is(page, "gate_out", "Closed");
  assert.equal(await page.locator(".control").count(), 0);
  assert.equal(await page.getByRole("link", { name: "Administration" }).count(), 0);
}

async function operatorOfOneGate(page) {
  assert.equal(await tile(page, "gate_out").count(), 0);
  await tile(page, "gate_in").getByRole("button", { name: "Open gate_in", exact: true }).click();
  await is(page, "gate_in", "Open");
}

async function administrator(page) {
  await is(page, "gate_out", "Closed");
  await page.getByRole("link", { name: "Administration" }).click();
  await seen(page.getByRole("heading", { name: "Connected clients" }));
}

test("the dashboard speaks Indonesian to whom it is their language, and to whom chooses it", async (t) => {
  const { site, page } = await look(t, { locale: "id-ID" });
  await is(page, "gate_in", "Tertutup");
  assert.equal(await page.locator("html").getAttribute("lang"), "id");

  const { page: other } = await visit(t, site.dashboard);
  await is(other, "gate_in", "Closed");
  await other.getByRole("button", { name: "Bahasa Indonesia" }).click();
  await is(other, "gate_in", "Tertutup");
  await other.reload();
  await is(other, "gate_in", "Tertutup");
});

test("colours are those of the system, or the chosen ones", async (t) => {
  const { page } = await look(t, { colorScheme: "dark" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.getByRole("button", { name: "Settings" }).click();

  await page.getByRole("button", { name: "Light" }).click();

  assert.notEqual(await ground(), dark);
  await page.reload();
  assert.notEqual(await ground(), dark);
});

test("on a telephone nothing is wider than its screen", async (t) => {
  const { site, page } = await look(t, { viewport: PHONE });
  await is(page, "gate_in", "Closed");
  await site.sim("gate_in", "drive", CARD);
  await is(page, "gate_in", "Open");

  for (const path of [HOME, "/gate/gate_in", "/events", "/charts", "/admin"]) {
    await page.goto(new URL(path, site.dashboard).href);
    await seen(page.getByRole("heading").first());
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= PHONE.width, `${path} is ${wide} pixels wide`);
    await page.screenshot({ path: join(PICTURES, `phone${path.replaceAll("/", "-")}.png`) });
  }
});

test("the page works without any other host, and keeps to its policy", async (t) => {
  const { site, page, requests, complaints } = await look(t);
  await is(page, "gate_in", "Closed");
  for (const name of ["Events", "Charts", "Administration"]) {
    await page.getByRole("link", { name }).click();
    await seen(page.getByRole("heading", { name }).first());
  }

  const others = requests.filter((url) => new URL(url).host !== site.dashboard.host);
  assert.deepEqual(others, []);
  assert.deepEqual(complaints.filter((text) => text.includes("Content Security Policy")), []);
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing on any page that is ${colorScheme}`, async (t) => {
    const { site, page } = await look(t, { colorScheme });
    await is(page, "gate_in", "Closed");
    await site.sim("gate_in", "drive", CARD);
    await is(page, "gate_in", "Open");
    await check(page, `gates-${colorScheme}`);

    await page.getByRole("button", { name: "Settings" }).click();
    await check(page, `settings-${colorScheme}`);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Compact" }).click();
    await check(page, `compact-${colorScheme}`);
    await page.getByRole("link", { name: "gate_in" }).click();
    await page.getByRole("button", { name: "Open gate_in", exact: true }).click();
    await seen(page.locator('[data-what="event.entry"]'));
    await check(page, `gate-${colorScheme}`);
    await page.getByRole("button", { name: "Emergency open …" }).click();
    await check(page, `emergency-${colorScheme}`);
    await page.keyboard.press("Escape");
    for (const name of ["Events", "Charts", "Administration"]) {
      await page.getByRole("link", { name }).click();
      await seen(page.getByRole("heading", { name }).first());
      await check(page, `${name.toLowerCase()}-${colorScheme}`);
    }
    await page.goto(new URL("/login", site.dashboard).href);
    await seen(page.getByRole("heading", { name: "Log in" }));
    await check(page, `login-${colorScheme}`);
    await page.goto(new URL(HOME, site.dashboard).href);
    await is(page, "gate_in", "Closed");
    await site.stop();
    await seen(page.getByRole("alert"));
    await check(page, `lost-${colorScheme}`);
  });
}

const AXE = await readFile(join(import.meta.dirname, "node_modules/axe-core/axe.min.js"), "utf8");

/** Has axe look at a page, and keeps a picture of it. */
async function check(page, name) {
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Runtime.evaluate", { expression: AXE });
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  await cdp.detach();

  const found = violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target}\n${failureSummary}`));
  assert.deepEqual(found, [], name);
}

/** A site of this test, and a page that shows it. */
async function look(t, { path = HOME, wired = false, ...options } = {}) {
  const site = await Site.up();
  t.after(() => site.kill());
  const wire = wired ? await Wire.to(site.dashboard) : undefined;
  if (wire) t.after(() => wire.close());

  return { site, wire, ...(await visit(t, new URL(path, wire?.address.replace("ws:", "http:") ?? site.dashboard), options)) };
}

/** Somebody who opens a page. What goes wrong in it fails the test. */
async function visit(t, address, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  const [requests, complaints, errors] = [[], [], []];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (line) => complaints.push(line.text()));
  page.on("pageerror", (error) => errors.push(error));
  t.after(() => assert.deepEqual(errors, []));

  await page.goto(address.href);
  return { page, requests, complaints };
}

async function logIn(page, name) {
  await page.getByLabel("User").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** Waits until it is said where the boom of a gate is. */
function is(page, gate, position) {
  return seen(tile(page, gate).locator(".position").getByText(position, { exact: true }));
}

/** The part of the page that shows one gate. */
function tile(page, gate) {
  return page.getByRole("article", { name: gate, exact: true });
}

/** Presses Tab until something has the focus. */
async function reach(page, wanted) {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail("the keyboard does not get there");
}

/** Waits until the boom in a drawing points up. */
async function boomIsUp(part) {
  const boom = await part.locator(".boom").elementHandle();
  const pointsUp = (drawn) => {
    const { width, height } = drawn.getBoundingClientRect();
    return height > width;
  };

  await part.page().waitForFunction(pointsUp, boom);
}

/** Waits until it can be seen. */
function seen(locator) {
  return locator.waitFor({ state: "visible" });
}
