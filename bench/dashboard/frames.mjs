// How many frames a second the dashboard shows while a thousand messages a second come in.
//
//   make bench-dashboard
//
// A running site, Chromium without a window, and 50 gates that say where their booms are.

import { openBrowser } from "../../e2e/browser/browser.mjs";
import { Site } from "../../e2e/browser/site.mjs";
import { Gate } from "./gate.mjs";

const GATES = Array.from({ length: 50 }, (_, number) => `gate_${number + 1}`);
const PER_SECOND = 1_000;
const SECONDS = 10;
const POSITIONS = ["opening", "open", "closing", "closed"];
const PAGES = ["/", "/gate/gate_1", "/events"];

/** As many messages as are due, whenever there is time for it. */
class Flood {
  #sent = 0;
  #begun = performance.now();
  #timer;

  constructor(gates) {
    this.#timer = setInterval(() => {
      const due = ((performance.now() - this.#begun) * PER_SECOND) / 1_000;
      for (; this.#sent < due; this.#sent++) {
        const round = Math.floor(this.#sent / gates.length);
        const payload = { status: POSITIONS[round % POSITIONS.length], mode: "auto" };
        gates[this.#sent % gates.length].call("gate_status", payload);
      }
    }, 5);
  }

  /** How many a second there were. */
  stop() {
    clearInterval(this.#timer);

    return (this.#sent * 1_000) / (performance.now() - this.#begun);
  }
}

/** Runs in the page: how long each frame was, in milliseconds. */
function framesOf(time) {
  return new Promise((resolve) => {
    const frames = [];
    const end = performance.now() + time;
    let last = performance.now();
    requestAnimationFrame(function frame(now) {
      frames.push(now - last);
      last = now;
      if (now < end) requestAnimationFrame(frame);
      else resolve(frames);
    });
  });
}

function row(path, perSecond, frames) {
  const sorted = frames.toSorted((one, other) => one - other);
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)].toFixed(1);

  return `| ${path} | ${perSecond.toFixed(0)} | ${(frames.length / SECONDS).toFixed(1)} | ${at(0.5)} | ${at(0.95)} | ${at(1)} |`;
}

const site = await Site.up();
const browser = await openBrowser();
const client = await site.connect();
try {
  const gates = await Promise.all(GATES.map((name) => Gate.online(client, name)));
  console.log("| page | messages/s | frames/s | median, ms | 95 %, ms | longest, ms |");
  console.log("|---|---:|---:|---:|---:|---:|");
  for (const path of PAGES) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(new URL(path, site.dashboard).href);
    await page.waitForFunction(() => document.querySelector("[data-lost]") === null);
    await page.getByRole("heading", { level: 1 }).or(page.getByRole("article")).first().waitFor();
    const flood = new Flood(gates);
    const frames = await page.evaluate(framesOf, SECONDS * 1_000);
    console.log(row(path, flood.stop(), frames));
    await page.close();
  }
} finally {
  await client.endAsync(true);
  await browser.close();
  await site.kill();
}
