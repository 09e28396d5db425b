// A running site, as its programs are built for the tests, and mosquitto's client.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import mqtt from "mqtt";

const TARGET = process.env.CARGO_TARGET_DIR ?? join(import.meta.dirname, "../../target");
const MANLESS = join(TARGET, "debug/manless");
/** Far beyond what anything takes, even on a busy machine. */
const PATIENCE = 30_000;

/** A card that opens gates. */
export const CARD = "04A1B2C3";

/** The password of everybody who may log in at a site of the tests. */
export const PASSWORD = "open sesame";

/** A running `manless up`, on ports of its own. */
export class Site {
  /**
   * With users, such as `["otto", "operator", "gate_in"]`, everybody has to log in. Each has a token. A site that
   * nobody stops ends after a time, in milliseconds.
   */
  static async up(users = [], lasts = 2 * PATIENCE) {
    if (!existsSync(MANLESS)) throw new Error(`${MANLESS} is not there: run \`make test\``);

    const directory = await mkdtemp(join(tmpdir(), "manless-"));
    const tokens = new Map();
    for (const user of users) tokens.set(user[0], await add(directory, user));
    const site = new Site(directory, lasts);
    site.tokens = tokens;
    for await (const line of site.#process.lines()) {
      const [name, value] = line.trim().split(/\s+/);
      if (name === "MQTT") site.mqtt = new URL(`mqtt://${value}`);
      if (name === "WS") site.websocket = new URL(`ws://${value}`);
      if (name === "Dashboard") site.dashboard = new URL(value);
      if (site.mqtt && site.dashboard) return site;
    }
    throw new Error(`the site did not start: ${site.#process.complaints}`);
  }

  #directory;
  #process;

  constructor(directory, lasts) {
    this.#directory = directory;
    const environment = {
      MANLESS_DATA_DIR: directory,
      MANLESS_BROKER__LISTEN: "127.0.0.1:0",
      MANLESS_BROKER__LISTEN_WEBSOCKET: "127.0.0.1:0",
      MANLESS_GATEWAY__LISTEN: "127.0.0.1:0",
    };
    this.#process = new Process(MANLESS, ["up"], environment, lasts);
  }

  /** Has something happen at a simulated gate, such as `gate_in card 04A1B2C3`. */
  async sim(...words) {
    const sim = new Process(MANLESS, ["sim", ...words], { MANLESS_DATA_DIR: this.#directory });
    const code = await sim.end();
    if (code !== 0) throw new Error(`sim ${words.join(" ")}: ${sim.complaints}`);
  }

  /** Changes who may log in, such as `remove vera`. */
  user(...words) {
    return this.manless("user", ...words);
  }

  /** What a command such as `token list` prints at this site. */
  manless(...words) {
    return manless(this.#directory, ...words);
  }

  /** What `mosquitto_sub` hears from now on. */
  async subscribe(topic) {
    const { hostname, port } = this.mqtt;
    const program = ["-oL", "mosquitto_sub", "-h", hostname, "-p", port];
    const subscriber = new Process("stdbuf", [...program, "-q", "1", "-t", topic, "-d", "-F", "message %p"]);
    const lines = subscriber.lines();
    for await (const line of lines) {
      if (line.startsWith("Subscribed")) return new Subscription(subscriber, lines);
    }
    throw new Error(`mosquitto_sub did not subscribe: ${subscriber.complaints}`);
  }

  /** A client of the broker, for who has much to say. Whoever asks for it ends it. */
  connect() {
    return mqtt.connectAsync(this.mqtt.href);
  }

  /** Publishes with `mosquitto_pub`. */
  async publish(topic, message, ...options) {
    const { hostname, port } = this.mqtt;
    const words = ["-h", hostname, "-p", port, "-q", "1", "-t", topic, "-m", message, ...options];
    const publisher = new Process("mosquitto_pub", words);
    const code = await publisher.end();
    if (code !== 0) throw new Error(`mosquitto_pub: ${publisher.complaints}`);
  }

  /** Stops it as Ctrl-C does, and waits until it has ended. */
  stop() {
    return this.#process.end("SIGINT");
  }

  /** Ends it if it still runs, and forgets its data. */
  async kill() {
    await this.#process.end("SIGKILL");
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Makes a login of a site that does not run yet, and a token of the same name. Returns the token. */
async function add(directory, [name, role, ...gates]) {
  const file = join(directory, "password");
  await writeFile(file, PASSWORD);
  const limits = gates.flatMap((gate) => ["--gate", gate]);
  await manless(directory, "user", "add", name, "--role", role, ...limits, "--password-file", file);

  return manless(directory, "token", "add", name, "--user", name);
}

/** What a command prints about the site with this directory. */
async function manless(directory, ...words) {
  const program = new Process(MANLESS, words, { MANLESS_DATA_DIR: directory });
  const said = [];
  for await (const line of program.lines()) said.push(line);
  const code = await program.end();
  if (code !== 0) throw new Error(`${words.join(" ")}: ${program.complaints}`);

  return said.join("\n");
}

/** What is heard on a topic. */
class Subscription {
  #process;
  #lines;

  constructor(process, lines) {
    this.#process = process;
    this.#lines = lines;
  }

  /** Waits for a message that is the wanted one, and then hears no more. */
  async until(wanted) {
    try {
      for await (const line of this.#lines) {
        const text = line.match(/^message (.*)/)?.[1];
        if (text && wanted(JSON.parse(text))) return;
      }
      throw new Error("the message did not come");
    } finally {
      await this.#process.end("SIGKILL");
    }
  }
}

/** A child process that is killed when it takes too long. */
class Process {
  complaints = "";
  #child;
  #ended;
  #lines;

  constructor(program, words, environment = {}, timeout = 2 * PATIENCE) {
    const env = { PATH: process.env.PATH, ...environment };
    this.#child = spawn(program, words, { env, stdio: ["ignore", "pipe", "pipe"], timeout });
    this.#child.stderr.on("data", (text) => (this.complaints += text));
    this.#ended = once(this.#child, "close");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Its lines, one after the other; whoever stops reading can go on later. */
  lines() {
    const next = () => this.#lines.next();

    return { next, [Symbol.asyncIterator]() { return this; } };
  }

  /** Its exit code, after this signal if there is one. */
  async end(signal) {
    if (signal) this.#child.kill(signal);
    const [code] = await this.#ended;

    return code;
  }
}
