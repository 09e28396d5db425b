// The AsyncAPI document, as the reference parser reads it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";

import { Parser } from "@asyncapi/parser";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

const DOCUMENT = new URL("../asyncapi.yaml", import.meta.url);
/** 3.0 is what most tools read. */
const TASTE = ["asyncapi-latest-version"];

let document;
let diagnostics;

before(async () => {
  ({ document, diagnostics } = await new Parser().parse(await readFile(DOCUMENT, "utf8")));
});

test("nothing is wrong with it", () => {
  const complaints = diagnostics.filter(({ code }) => !TASTE.includes(code));

  assert.deepEqual(complaints.map(({ code, message, path }) => `${path.join("/")}: ${code}: ${message}`), []);
  assert.ok(document);
});

test("every example is one of its message", () => {
  const ajv = formats.default(new Ajv2020({ strict: false }));
  const messages = document.components().messages().all();
  let checked = 0;

  for (const message of messages) {
    const validate = ajv.compile(message.payload().json());
    for (const example of message.examples().all()) {
      assert.ok(validate(example.payload()), `${message.id()}: ${ajv.errorsText(validate.errors)}`);
      checked += 1;
    }
  }
  assert.ok(checked >= 30, `only ${checked} examples`);
});

test("every topic of the contract has a channel", () => {
  const addresses = document.channels().all().map((channel) => channel.address());

  for (const type of ["gate_status", "parking_event", "image", "gate_control", "request_events"]) {
    assert.ok(addresses.includes(`parking/{gate_id}/${type}`), type);
  }
  for (const path of ["/ws/{gate_id}", "/ws/gate_all", "/ws/admin", "/ws/controller/{gate_id}"]) {
    assert.ok(addresses.includes(path), path);
  }
});

test("states are retained, events are not, and commands expire", () => {
  const mqtt = (name) => document.operations().get(name).bindings().get("mqtt").value();

  assert.deepEqual(mqtt("publish_gate_status"), { qos: 1, retain: true });
  assert.deepEqual(mqtt("publish_parking_event"), { qos: 1, retain: false });
  assert.deepEqual(mqtt("publish_stream"), { qos: 0, retain: false });
  assert.deepEqual(mqtt("obey_gate_control"), { qos: 1, retain: false, messageExpiryInterval: 10 });
});

test("a command has its answer", () => {
  const reply = document.operations().get("obey_gate_control").reply();

  assert.equal(reply.channel().address(), "parking/{gate_id}/gate_control_response");
  assert.deepEqual(reply.messages().all().map((message) => message.name()), ["gate_control_response"]);
});
