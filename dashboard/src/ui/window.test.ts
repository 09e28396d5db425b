import { expect, test } from "vitest";

import { visible } from "./window.ts";

const VIEW = { top: 0, height: 500, row: 50 };

test.each([
  ["nothing", VIEW, 0, 0, 0],
  ["a short list whole", VIEW, 5, 0, 5],
  ["the beginning of a long one", VIEW, 1000, 0, 18],
  ["its middle", { ...VIEW, top: 10_000 }, 1000, 192, 218],
  ["its end", { ...VIEW, top: 49_500 }, 1000, 982, 1000],
  ["a list that became shorter than it is scrolled", { ...VIEW, top: 49_500 }, 10, 10, 10],
])("%s is drawn", (_what, view, rows, from, to) => {
  expect(visible(view, rows)).toEqual({ from, to });
});
