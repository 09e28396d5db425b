// Whether others can read the published contract: a validator that is not the one of the tests in Rust.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";

import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

const SCHEMAS = new URL("../json/", import.meta.url);
const GOLDEN = new URL("../tests/golden/", import.meta.url);

const ajv = formats.default(new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }));
const names = (await readdir(SCHEMAS)).map((name) => name.replace(".schema.json", ""));
const validators = new Map();
for (const name of names) validators.set(name, ajv.compile(await read(SCHEMAS, `${name}.schema.json`)));

for (const name of names) {
  test(`the examples of ${name} are valid`, async () => {
    const { examples = [] } = await read(SCHEMAS, `${name}.schema.json`);

    for (const example of examples) check(name, example);
  });
}

for (const file of await readdir(GOLDEN)) {
  test(`the frozen message ${file} is valid, by itself and among all that arrives or is sent`, async () => {
    const message = await read(GOLDEN, file);

    check(message.type, message);
    // What a client asks the gateway arrives nowhere else, and needs no envelope.
    if (message.type === "ping") return check("outgoing", message);
    check("incoming", message);
    check("envelope", message);
  });
}

test("a message without its payload is not", async () => {
  const { payload, ...rest } = await read(GOLDEN, "gate_status.json");

  assert.equal(validators.get("gate_status")(rest), false);
  assert.equal(validators.get("incoming")(rest), false);
});

function check(name, message) {
  const validate = validators.get(name);

  assert.ok(validate(message), `${JSON.stringify(message)}: ${ajv.errorsText(validate.errors)}`);
}

async function read(folder, name) {
  return JSON.parse(await readFile(new URL(name, folder), "utf8"));
}
