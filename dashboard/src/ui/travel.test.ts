import { expect, test } from "vitest";

import { USUAL, at, first, follow, measured } from "./travel.ts";

test("a boom that is seen for the first time is drawn at its end, or between them", () => {
  expect(["closed", "open", "opening", "stopped"].map((status) => at(first(status, 0), 0))).toEqual([0, 1, 0.5, 0.5]);
});

test("an opening boom rises with the time that it takes", () => {
  const opening = follow(first("closed", 0), "opening", 1000, 4000);

  expect([1000, 2000, 5000, 9000].map((now) => at(opening, now))).toEqual([0, 0.25, 1, 1]);
});

test("a boom that turns round goes back from where it is", () => {
  const opening = follow(first("closed", 0), "opening", 0, 4000);
  const closing = follow(opening, "closing", 3000, 4000);

  expect([at(closing, 3000), closing.lasts, at(closing, 6000)]).toEqual([0.75, 3000, 0]);
});

test("a boom that is stopped stays where it is, and never at an end", () => {
  const opening = follow(first("closed", 0), "opening", 0, 4000);

  expect(at(follow(opening, "stopped", 2000), 60_000)).toBe(0.5);
  expect(at(follow(opening, "stopped", 0), 60_000)).toBe(0.1);
});

test("nobody knows where an unknown boom is", () => {
  expect(at(first("unknown", 0), 0)).toBe(0.5);
  expect(at(first("something_new", 0), 0)).toBe(0.5);
});

test("the way from one end to the other tells how long it takes, and no other does", () => {
  const opening = follow(first("closed", 0), "opening", 1000);
  const again = follow(first("stopped", 0), "opening", 1000);

  expect(measured(opening, "open", 3500)).toBe(2500);
  expect(measured(again, "open", 3500)).toBeUndefined();
  expect(measured(opening, "stopped", 3500)).toBeUndefined();
  expect(opening.lasts).toBe(USUAL);
});
