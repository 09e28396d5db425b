// TypeScript types of the contract, from its JSON Schemas: `make contract`.
//
// With `--check` nothing is written: it is an error if the file is not what would be written.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { compile } from "json-schema-to-typescript";

const PROJECT = new URL("../../", import.meta.url);
const TYPES = new URL("dashboard/src/client/contract.ts", PROJECT);
const HEAD = `// The messages of docs/contract.md, as types. Made by \`make contract\`: change the contract, not this file.
//
// Readers ignore what they do not know: there may be further fields, further types of message, and
// further words where \`Open\` says so. A field that has nothing to say is absent, or null where
// somebody else wrote the message.

/** One of the known words, or one that a later version of the contract adds. */
export type Open<Known extends string> = Known | (string & {});

/** An instant: RFC 3339, written in UTC with \`Z\`. */
export type Timestamp = string;

`;

const incoming = await read("incoming");
const outgoing = await read("outgoing");
const text = HEAD + (await types());

if (process.argv[2] === "--check") {
  const there = await readFile(TYPES, "utf8").catch(() => "");
  if (there !== text) {
    console.error(`${relative(".", fileURLToPath(TYPES))} is not what the schemas say: run \`make contract\``);
    process.exitCode = 1;
  }
} else {
  await mkdir(dirname(fileURLToPath(TYPES)), { recursive: true });
  await writeFile(TYPES, text);
}

async function read(name) {
  return JSON.parse(await readFile(new URL(`schemas/json/${name}.schema.json`, PROJECT), "utf8"));
}

/** Every definition under its own name, and the two unions. */
async function types() {
  const definitions = { ...incoming.$defs, ...outgoing.$defs };
  for (const [name, definition] of Object.entries(definitions)) definitions[name] = typed(definition);

  const root = {
    title: "Contract",
    type: "object",
    $defs: {
      ...definitions,
      Message: union(incoming, "Whatever arrives at a client, told apart by its `type`."),
      Command: union(outgoing, "Whatever a client may send, told apart by its `type`."),
    },
  };
  const options = {
    additionalProperties: false,
    bannerComment: "",
    customName: (schema, name) => name,
    format: true,
    style: { printWidth: 120 },
    unreachableDefinitions: true,
  };

  return tidy(await compile(root, "Contract", options));
}

/** Without what is there only because one root has to have all types; a line each for short comments. */
function tidy(text) {
  return text
    .replace(/export interface Contract \{\}\n/, "")
    .replace(/( \*\n)? \* This interface was referenced by `Contract`'s JSON-Schema\n \* via the `definition` "\w+"\.\n/g, "")
    .replace(/\/\*\*\n \*\/\n/g, "")
    .replace(/\/\*\*\n *\* (.*)\n *\*\//g, "/** $1 */")
    .replace(/\n(\/\*\*|export )/g, (match, begin, at, all) => (all.slice(0, at).endsWith("*/") ? match : `\n${match}`))
    .replace(/\n{3,}/g, "\n\n");
}

function union(schema, description) {
  return { description, tsType: schema.oneOf.map(nameOf).join(" | ") };
}

/** The schema with the names of types in it where it refers to others. */
function typed(schema) {
  if (typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(typed);

  const type = typeOf(schema);
  if (type) return { description: schema.description, tsType: type };

  if (schema.type === "object" && !schema.properties) return { description: schema.description, tsType: "Record<string, unknown>" };

  const { additionalProperties, ...rest } = schema;
  return Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, typed(value)]));
}

/** The type of a schema that needs no interface, if it is of that kind. */
function typeOf(schema) {
  if (schema.$ref) return nameOf(schema);
  if (schema.format === "date-time") return Array.isArray(schema.type) ? "Timestamp | null" : "Timestamp";
  if (!schema.anyOf && !schema.oneOf) return undefined;

  const choices = schema.anyOf ?? schema.oneOf;
  const words = choices.filter((choice) => choice.const !== undefined).map((choice) => JSON.stringify(choice.const));
  if (words.length === 0) return choices.map((choice) => typeOf(choice) ?? choice.type).join(" | ");
  if (words.length === choices.length) return words.join(" | ");

  return `Open<${words.join(" | ")}>`;
}

function nameOf({ $ref }) {
  return $ref.replace("#/$defs/", "");
}
