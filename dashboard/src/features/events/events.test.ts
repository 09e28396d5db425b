import { expect, test } from "vitest";

import type { Message } from "../../client/index.ts";
import { csv, field } from "./csv.ts";
import { EVERYTHING, matching } from "./filter.ts";
import { type Item, itemOf, pictureOf } from "./item.ts";

const AT = "2026-01-20T10:30:00Z";

test("an entry is one line, with its picture", () => {
  const entry = itemOf(message("parking_event", { event: "entry", card_id: "04A1B2C3", image_id: "p-1" }), "1");

  expect(entry).toMatchObject({ kind: "passage", what: "event.entry", card: "04A1B2C3" });
  expect(entry && pictureOf(entry)).toBe("/gates/gate_in/images/p-1.jpg");
  expect(itemOf(message("parking_entry", { event_id: "e", trigger: "card", passage: "confirmed" }), "1")).toBeUndefined();
});

test("a command has a line when it is over", () => {
  const answer = (status: string) =>
    itemOf(message("gate_control_response", { command_id: "c", action: "close", status, success: false, code: "vehicle_present" }), "1");

  expect(["accepted", "executing"].map(answer)).toEqual([undefined, undefined]);
  expect(answer("rejected")).toMatchObject({ kind: "command", tone: "warn", detail: "rejected vehicle_present" });
});

test("an event that this version does not know is shown as what it says", () => {
  expect(itemOf(message("parking_event", { event: "towed_away" }), "1")).toMatchObject({ kind: "gate", what: "event.towed_away" });
});

test("a filter lets through what has all that is wanted, and what is not known", () => {
  const items = [
    item({ key: "1", card: "04A1B2C3", kind: "card" }),
    item({ key: "2", gate: "gate_out", card: "FFFF", at: "2026-01-20T12:00:00Z" }),
    item({ key: "3", kind: "gap" }),
  ];
  const keys = (filter: object) => matching(items, { ...EVERYTHING, ...filter }).map(({ key }) => key);

  expect(keys({})).toEqual(["1", "2", "3"]);
  expect(keys({ gate: "gate_out" })).toEqual(["2", "3"]);
  expect(keys({ kind: "card" })).toEqual(["1", "3"]);
  expect(keys({ card: " a1b2 " })).toEqual(["1", "3"]);
  expect(keys({ from: "2026-01-20T11:00:00Z" })).toEqual(["2", "3"]);
  expect(keys({ to: "2026-01-20T11:00:00Z" })).toEqual(["1", "3"]);
});

test.each([
  ["plain", "plain"],
  ['a "b", c', '"a ""b"", c"'],
  ["two\nlines", '"two\nlines"'],
  ["=1+1", "'=1+1"],
  ["+49", "'+49"],
  ["-2", "'-2"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["  =1", "'  =1"],
  ["\t=1", "'\t=1"],
  ["\r=1,2", `"'\r=1,2"`],
  ["|calc", "'|calc"],
  ["", ""],
])("the field %j is %j", (value, written) => {
  expect(field(value)).toBe(written);
});

test("a file has a line for each event, each with all columns", () => {
  const text = csv([item({ card: "=cmd", detail: "a,b", seq: -1 }), item({ key: "2" })]);
  const lines = text.split("\r\n");

  expect(lines[0]).toBe("\uFEFFtime,gate,kind,what,card,detail,image,journal,seq");
  expect(lines[1]).toBe(`${AT},gate_in,passage,entry,'=cmd,"a,b",,,-1`);
  expect([lines.length, lines[3]]).toEqual([4, ""]);
});

function item(changes: Partial<Item>): Item {
  return { key: "1", gate: "gate_in", at: AT, kind: "passage", tone: "plain", what: "event.entry", ...changes };
}

function message(type: string, payload: object): Message {
  return { type, payload, gate_id: "gate_in", timestamp: AT, id: "m-1" } as Message;
}
