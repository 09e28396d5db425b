// Gates of a running site that do nothing but say something.

/** The types of messages that the broker keeps for who comes later. */
const KEPT = ["system_status", "hardware_status", "gate_status"];

/** A gate that says what it is told to say. */
export class Gate {
  /** A gate whose agent has just started. */
  static async online(client, name) {
    const gate = new Gate(client, name);
    await gate.say("system_status", { state: "online", boot: `boot-${name}` });

    return gate;
  }

  #client;

  constructor(client, name) {
    this.#client = client;
    this.name = name;
  }

  /** Says something, and waits until the broker has it. With an `id`, it is an event. */
  say(type, payload, about) {
    return this.#publish(type, this.#message(type, payload, about), { qos: 1, retain: KEPT.includes(type) });
  }

  /** Says something, and waits for nobody. */
  call(type, payload) {
    this.#client.publish(this.#topic(type), this.#message(type, payload));
  }

  /** Shows its latest picture. */
  show(picture) {
    return this.#publish("image", picture, { qos: 1, retain: true });
  }

  #publish(type, message, options) {
    return this.#client.publishAsync(this.#topic(type), message, options);
  }

  #topic(type) {
    return `parking/${this.name}/${type}`;
  }

  #message(type, payload, { at = Date.now(), id } = {}) {
    return JSON.stringify({ type, payload, gate_id: this.name, timestamp: new Date(at).toISOString(), id });
  }
}
