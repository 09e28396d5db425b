/**
 * Where in the dashboard somebody is. The gateway serves the page at exactly these paths
 * (`ws-gateway/src/http/dashboard.rs`).
 */
import { useSyncExternalStore } from "react";

export type Route =
  | { page: "gates" }
  | { page: "gate"; gate: string }
  | { page: "events" }
  | { page: "charts" }
  | { page: "admin" }
  | { page: "login" }
  | { page: "missing" };

const PAGES = ["events", "charts", "admin", "login"] as const;
const listeners = new Set<() => void>();

/** What a path means. */
export function routeOf(path: string): Route {
  const [first = "", second, ...rest] = path.replace(/^\//, "").split("/");
  const page = PAGES.find((name) => name === first);

  if (first === "gate" && second && rest.length === 0) return { page: "gate", gate: second };
  if (second !== undefined) return { page: "missing" };
  if (page) return { page };
  return first === "" ? { page: "gates" } : { page: "missing" };
}

/** The path of a page. */
export function pathOf(route: Route): string {
  switch (route.page) {
    case "gates":
    case "missing":
      return "/";
    case "gate":
      return `/gate/${route.gate}`;
    case "events":
    case "charts":
    case "admin":
    case "login":
      return `/${route.page}`;
  }
}

/** Goes to another page, as a click on a link does. */
export function go(route: Route): void {
  if (location.pathname === pathOf(route)) return;

  history.pushState(null, "", pathOf(route));
  for (const listener of [...listeners]) listener();
}

/** The page that is shown. */
export function useRoute(): Route {
  return routeOf(useSyncExternalStore(subscribe, () => location.pathname));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener("popstate", listener);

  return () => {
    listeners.delete(listener);
    removeEventListener("popstate", listener);
  };
}
