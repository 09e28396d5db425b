// Whether a dashboard that is open for a day stays as large as it is.
//
//   make bench-dashboard-day
//
// A running site, Chromium without a window, and 4 gates through which 5,000 vehicles pass a day.
// Each hour of theirs lasts as long as it takes to tell it. In each one somebody looks at every page,
// opens pictures, watches a camera and opens a gate, and the connection is lost and comes back.

import { createHash } from "node:crypto";

import { openBrowser } from "../../e2e/browser/browser.mjs";
import { Site } from "../../e2e/browser/site.mjs";
import { Wire } from "../../e2e/browser/wire.mjs";
import { Gate } from "./gate.mjs";

const NAMES = ["gate_1", "gate_2", "gate_3", "gate_4"];
const VEHICLES_A_DAY = 5_000;
/** So often a gate says how its devices are, in milliseconds. */
const PACE = 30_000;
const HOUR = 3_600_000;
/** Hours after which is told how large the page is. By the 12th it has kept as many events as it may. */
const TOLD = [1, 6, 12, 24];
const FULL = 12;
/** As much larger it may be at the end: passages are kept for a whole day, and collecting is no exact art. */
const MOST = 1.25;
const LOOKS = 4;
/** Between two looks, in milliseconds. */
const PAUSE = 1_000;
const GOOD = {
  camera: { connected: true, status: "ready" },
  card_reader: { connected: true, status: "ready" },
  arduino: { connected: true, gate_status: "closed" },
};

/** All that one gate says in one hour: vehicles, and that all is well. Returns how many messages it was. */
async function hourOf(gate, hour, begun, picture) {
  const rounds = HOUR / PACE;
  const vehicles = Math.round(VEHICLES_A_DAY / 24 / NAMES.length);
  let said = 0;
  let passed = 0;
  for (let round = 0; round < rounds; round++) {
    const at = begun + hour * HOUR + round * PACE;
    await gate.say("hardware_status", GOOD, { at });
    said += 1;
    for (; passed < (vehicles * (round + 1)) / rounds; passed++) said += await pass(gate, `${hour}-${passed}`, at, picture);
  }

  return said;
}

/** One vehicle: its card, its picture, the boom, and the records. */
async function pass(gate, number, at, camera) {
  const id = `${gate.name}-${number}`;
  const [card_id, image_id, event_id] = [id, `image-${id}`, `vehicle-${id}`];
  // What follows the end of a picture belongs to nobody, and makes it another one.
  const picture = Buffer.concat([camera, Buffer.from(id)]);
  const sha256 = createHash("sha256").update(picture).digest("hex");
  const way = NAMES.indexOf(gate.name) % 2 === 0 ? "entry" : "exit";
  const captured = {
    image_id,
    content_type: "image/jpeg",
    width: 640,
    height: 360,
    size: picture.length,
    sha256,
    trigger: way,
    event_id,
    url: `/gates/${gate.name}/images/${image_id}.jpg`,
  };
  const boom = (status) => gate.say("gate_status", { status, mode: "auto", moved_by: "card" }, { at });

  await gate.say("card_detected", { card_id, decision: "granted" }, { at, id: `card-${id}` });
  await gate.show(picture);
  await gate.say("image_captured", captured, { at, id: `captured-${id}` });
  await boom("opening");
  await boom("open");
  await gate.say("parking_event", { event: way, event_id, card_id, image_id }, { at, id: `event-${id}` });
  const record = { event_id, card_id, image_id, trigger: "card", passage: "confirmed" };
  await gate.say(`parking_${way}`, record, { at, id: `passage-${id}` });
  await boom("closing");
  await boom("closed");

  return 9;
}

/** Somebody at the desk: looks at everything, without loading the page anew. */
async function lookAround(page, wire) {
  const link = (name) => page.getByRole("link", { name, exact: true }).click();
  const heading = (name) => page.getByRole("heading", { name }).first().waitFor();

  await link("Events");
  const picture = page.locator(".thumb").first();
  await picture.click();
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.locator(".rows").evaluate((rows) => rows.scrollTo(0, 3_000));
  await page.getByLabel("Type").selectOption("card");

  await link("Charts");
  await heading("Charts");
  await page.getByRole("button", { name: "1 h", exact: true }).click();

  await link("Administration");
  await heading("Connected clients");

  wire.cut();
  await page.getByRole("alert").getByText("Connection lost").waitFor();
  wire.mend();
  await heard(page);

  await link("Gates");
  await page.getByRole("link", { name: "gate_in", exact: true }).click();
  await page.getByRole("button", { name: "Open gate_in", exact: true }).click();
  await page.getByRole("button", { name: "Watch live" }).click();
  await page.getByRole("img", { name: "Live picture of gate_in" }).waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByRole("img", { name: "Latest picture of gate_in" }).waitFor();
  await page.getByRole("button", { name: "Bahasa Indonesia" }).click();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("banner").getByRole("link", { name: "Gates", exact: true }).click();
}

function heard(page) {
  return page.waitForFunction(() => document.querySelector(".app") && !document.querySelector("[data-lost]"));
}

/** How large the page is when all that nobody needs any more is gone: the least of a few looks. */
async function sizeOf(page, cdp) {
  const sizes = [];
  for (let look = 0; look < LOOKS; look++) {
    // A picture that is still loading is kept until then, and what was around it in the page with it.
    await page.waitForTimeout(PAUSE);
    sizes.push(await lookAt(cdp));
  }
  const least = (what) => Math.min(...sizes.map((size) => size[what]));

  return {
    heap: least("JSHeapUsedSize"),
    nodes: least("Nodes"),
    listeners: least("JSEventListeners"),
    documents: least("Documents"),
  };
}

async function lookAt(cdp) {
  await cdp.send("HeapProfiler.collectGarbage");
  const { metrics } = await cdp.send("Performance.getMetrics");

  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

function row(hour, messages, { heap, nodes, listeners, documents }) {
  return `| ${hour} | ${messages} | ${(heap / 2 ** 20).toFixed(1)} | ${nodes} | ${listeners} | ${documents} |`;
}

const site = await Site.up([], HOUR);
const wire = await Wire.to(site.dashboard);
const browser = await openBrowser();
const client = await site.connect();
try {
  const gates = await Promise.all(NAMES.map((name) => Gate.online(client, name)));
  const page = await browser.newPage({ locale: "en-GB", viewport: { width: 1280, height: 900 } });
  await page.goto(wire.address.replace("ws:", "http:"));
  await heard(page);
  const camera = Buffer.from(await (await fetch(new URL("/gates/gate_in/image.jpg", site.dashboard))).arrayBuffer());
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");

  const begun = Date.now();
  const sizes = new Map();
  let messages = 0;
  console.log("| hour | messages | heap, MiB | nodes | listeners | documents |");
  console.log("|---:|---:|---:|---:|---:|---:|");
  for (let hour = 1; hour <= TOLD.at(-1); hour++) {
    const telling = gates.map((gate) => hourOf(gate, hour, begun, camera));
    const [told] = await Promise.all([Promise.all(telling), lookAround(page, wire)]);
    messages += told.reduce((sum, some) => sum + some);
    const last = gates[0];
    await pass(last, `${hour}-last`, begun + hour * HOUR, camera);
    await page.getByText(`${last.name}-${hour}-last`).waitFor();
    if (!TOLD.includes(hour)) continue;

    sizes.set(hour, await sizeOf(page, cdp));
    console.log(row(hour, messages, sizes.get(hour)));
  }

  for (const what of ["heap", "nodes", "listeners", "documents"]) {
    const ratio = sizes.get(TOLD.at(-1))[what] / sizes.get(FULL)[what];
    console.log(`${what}, hour ${TOLD.at(-1)} by hour ${FULL}: ${ratio.toFixed(2)}`);
    if (ratio > MOST) process.exitCode = 1;
  }
} finally {
  await client.endAsync(true);
  await browser.close();
  wire.close();
  await site.kill();
}
