// The programs of docs/integrate.md, as they stand there, at a running site.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { CARD, Site } from "./site.mjs";

const DOCUMENT = new URL("../../docs/integrate.md", import.meta.url);
/** Far beyond what anything takes, even on a busy machine. */
const PATIENCE = 30_000;
/** What a site without users and without TLS does not need. */
const LOGINS = /^.*(ca: readFileSync|username: |password: |username_pw_set|tls_set).*\n/gm;
/** With what requirements.txt names: `make browser` puts it there. */
const PYTHON = fileURLToPath(new URL(".python/bin/python3", import.meta.url));

let site;
let programs;

before(async () => {
  site = await Site.up();
  const document = await readFile(DOCUMENT, "utf8");
  programs = [...document.matchAll(/^```(js|python)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language, text }));
});

after(() => site?.kill());

test("JavaScript opens a gate and is told what became of it", async (t) => {
  const lines = run(t, "js", "gate_control", ["gate_in"]);

  assert.deepEqual(await until(lines, /^succeeded/), ["accepted ", "executing ", "succeeded "]);
});

test("JavaScript reads states", async (t) => {
  const lines = run(t, "js", "gate_status");

  await until(lines, /^parking\/gate_out\/gate_status closed$/);
});

test("Python opens a gate and is told what became of it", async (t) => {
  const lines = run(t, "python", "gate_control", ["gate_out"]);

  assert.deepEqual(await until(lines, /^succeeded/), ["accepted ", "executing ", "succeeded "]);
});

test("Python reads events", async (t) => {
  const lines = run(t, "python", "parking_event");

  await site.sim("gate_in", "drive", CARD);
  // Whether it came before the program had subscribed or not: it is asked for until it is heard.
  let waits = true;
  const heard = until(lines, /^gate_in \d+ entry$/).finally(() => (waits = false));
  while (waits) await site.publish("parking/gate_in/request_events", '{"from_seq":1}');
  await heard;
});

/** Starts the program that names this topic: its lines. */
function run(t, language, topic, words = []) {
  const program = programs.find(({ language: l, text }) => l === language && text.includes(topic));
  assert.ok(program, `no ${language} in the document is about ${topic}`);
  const { hostname, port } = site.mqtt;
  const text = program.text
    .replace(LOGINS, "")
    .replace("mqtts://broker.lan:8883", site.mqtt.href)
    .replace('"broker.lan", 8883', `"${hostname}", ${port}`);

  const [command, ...options] =
    language === "js" ? [process.execPath, "--input-type=module", "-"] : [PYTHON, "-u", "-"];
  const child = spawn(command, [...options, ...words], { cwd: import.meta.dirname, timeout: PATIENCE });
  let complaints = "";
  child.stderr.on("data", (chunk) => (complaints += chunk));
  child.stdin.end(text);
  t.after(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  });

  return { lines: createInterface({ input: child.stdout }), complaints: () => complaints };
}

/** The lines until one is as wanted. */
async function until({ lines, complaints }, wanted) {
  const heard = [];
  for await (const line of lines) {
    heard.push(line);
    if (wanted.test(line)) return heard;
  }
  throw new Error(`waited in vain for ${wanted}: ${heard.join("\n")}\n${complaints()}`);
}
