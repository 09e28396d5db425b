import { expect, test } from "vitest";

import { type Route, pathOf, routeOf } from "./routes.ts";

const ROUTES: Route[] = [
  { page: "gates" },
  { page: "gate", gate: "gate_in" },
  { page: "events" },
  { page: "charts" },
  { page: "admin" },
  { page: "login" },
];

test.each(ROUTES)("the path of $page leads back to it", (route) => {
  expect(routeOf(pathOf(route))).toEqual(route);
});

test.each(["/gate", "/gate/", "/gate/a/b", "/events/", "/nowhere"])("%s is no page", (path) => {
  expect(routeOf(path)).toEqual({ page: "missing" });
});
