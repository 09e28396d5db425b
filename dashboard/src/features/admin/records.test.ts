import { expect, test } from "vitest";

import type { Message } from "../../client/index.ts";
import { records } from "./records.ts";

test("a command is shown with who wanted it and what became of it, also when the answer overtook it", () => {
  const command = message("gate_control", { action: "open", command_id: "c-1", requested_by: "anna@192.0.2.7" });
  const answer = message("gate_control_response", { command_id: "c-1", action: "open", status: "succeeded", success: true, elapsed_ms: 2500 });
  const expected = [{ id: "c-1", gate: "gate_in", by: "anna@192.0.2.7", action: "open", status: "succeeded", elapsed: 2500 }];

  expect(records([command, answer]).commands).toMatchObject(expected);
  expect(records([answer, command]).commands).toMatchObject(expected);
});

test("a command that came as a bare word is shown with the answers that name it", () => {
  const word = message("gate_control", { action: "stop" });
  const answer = (status: string) => message("gate_control_response", { command_id: "c-9", action: "stop", status, success: true });

  expect(records([word, answer("accepted"), answer("succeeded")]).commands).toMatchObject([{ id: "c-9", status: "succeeded" }]);
  expect(records([word, word, answer("succeeded")]).commands).toHaveLength(2);
});

test("a session is open until it is closed", () => {
  const opened = message("session_opened", { session: 7, channel: "gate_all", address: "192.0.2.7:5000", user: "anna" });
  const closed = message("session_closed", { session: 7, channel: "gate_all", reason: "left" });

  expect(records([opened]).sessions).toMatchObject([{ session: 7, address: "192.0.2.7:5000", user: "anna" }]);
  expect(records([opened, closed]).sessions).toMatchObject([{ session: 7, address: "192.0.2.7:5000", reason: "left" }]);
});

test("the newest comes first", () => {
  const invalid = (reason: string) => message("invalid_message", { origin: "mqtt", size: 3, reason });

  expect(records([invalid("old"), invalid("new")]).invalid.map(({ reason }) => reason)).toEqual(["new", "old"]);
});

function message(type: string, payload: object): Message {
  return { type, payload, gate_id: "gate_in", timestamp: "2026-01-20T10:30:00Z" } as Message;
}
