import { expect, test } from "vitest";

import { refusal } from "./session.ts";

test.each([
  [401, null, { why: "login.refused" }],
  [429, "17", { why: "login.throttled", seconds: "17" }],
  [429, null, { why: "login.throttled", seconds: "60" }],
  [409, null, { why: "login.none" }],
  [500, null, { why: "login.failed", code: "500" }],
])("a login that is answered %i says why", (status, retryAfter, expected) => {
  expect(refusal(status, retryAfter)).toEqual(expected);
});
