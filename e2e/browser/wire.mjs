// What is between a client and its gateway, and goes wrong.

import { once } from "node:events";
import { createServer, connect } from "node:net";

/** A wire between client and gateway that can be cut, or swallow all that is put into it. */
export class Wire {
  #server;
  #gateway;
  #pairs = new Set();
  #state = "whole";

  static async to(gateway) {
    const wire = new Wire();
    wire.#gateway = gateway;
    wire.#server = createServer((near) => wire.#join(near));
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");

    return wire;
  }

  get address() {
    return `ws://127.0.0.1:${this.#server.address().port}`;
  }

  cut() {
    this.#state = "cut";
    this.#drop();
  }

  swallow() {
    this.#state = "swallowing";
  }

  mend() {
    this.#state = "whole";
  }

  close() {
    this.#drop();
    this.#server.close();
  }

  #join(near) {
    if (this.#state === "cut") return near.destroy();

    const far = connect(this.#gateway.port, this.#gateway.hostname);
    this.#pairs.add(near).add(far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.on("data", (bytes) => this.#state === "whole" && to.write(bytes));
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
  }

  #drop() {
    for (const socket of this.#pairs) socket.destroy();
    this.#pairs.clear();
  }
}
