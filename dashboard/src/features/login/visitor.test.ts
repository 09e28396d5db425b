import { expect, test } from "vitest";

import { ANONYMOUS, commands, visitorOf } from "./visitor.ts";

test("somebody may move the booms that the gateway names", () => {
  const anna = visitorOf({
    user: "anna",
    role: "operator",
    logins: true,
    can_log_out: true,
    may: { see: "all", see_pictures: "all", command: ["gate_in"], admin: false },
  });

  expect([commands(anna, "gate_in"), commands(anna, "gate_out"), anna.admin]).toEqual([true, false, false]);
});

test.each([null, "text", {}, { may: null }, { may: { command: "some" } }])("%j allows nothing", (answer) => {
  expect(visitorOf(answer)).toMatchObject({ see: [], command: [], admin: false });
});

test("where there are no logins, everybody may do everything", () => {
  expect(commands(ANONYMOUS, "gate_in")).toBe(true);
});
