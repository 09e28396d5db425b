import { expect, test } from "vitest";

import { en } from "./en.ts";
import { id } from "./id.ts";
import { text } from "./index.ts";

test("each language says everything, with the same places to fill", () => {
  const places = (texts: Record<string, string>) =>
    Object.entries(texts).map(([key, said]) => [key, [...said.matchAll(/\{\w+\}/g)].map(String).sort()]);

  expect(places(id)).toEqual(places(en));
  expect(Object.values(id).filter((said) => said.trim() === "")).toEqual([]);
});

test("a text is found in the language that is asked for", () => {
  expect([text("en", "nav.events"), text("id", "nav.events")]).toEqual(["Events", "Kejadian"]);
});
