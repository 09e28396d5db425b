/** Who looks at this page, as the gateway says; and logging in and out. */
import { useSyncExternalStore } from "react";

import type { Key } from "../../i18n/index.ts";
import { ANONYMOUS, type Visitor, visitorOf } from "./visitor.ts";

/** `unknown` until the gateway has answered, `out` when somebody has to log in first. */
export type Session = Visitor | "unknown" | "out";

/** Why somebody was not let in. */
export interface Refusal {
  why: Key;
  seconds?: string | undefined;
  code?: string | undefined;
}

/** Nothing is allowed to whom nobody knows. */
const NOBODY: Visitor = { user: "", role: "", logins: true, canLogOut: false, see: [], command: [], admin: false };

const listeners = new Set<() => void>();
let current: Session = "unknown";

/** The session. Renders anew when it changes. */
export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => current);
}

/** Who looks. Nobody, as long as that is not known. */
export function useVisitor(): Visitor {
  const session = useSession();

  return typeof session === "string" ? NOBODY : session;
}

/** Asks the gateway who looks. What it said before holds while it does not answer. */
export async function ask(): Promise<Session> {
  try {
    const response = await fetch("/session", { headers: { accept: "application/json" } });
    if (response.status === 401) set("out");
    // A gateway that knows no logins has no such page.
    else if (response.status === 404) set(ANONYMOUS);
    else if (response.ok) set(visitorOf(await response.json()));
  } catch {
    // The gateway is not there; whoever tells of the connection says so.
  }

  return current;
}

/** Logs in. Nothing where somebody is in, and else why not. */
export async function logIn(username: string, password: string): Promise<Refusal | undefined> {
  let response: Response;
  try {
    response = await fetch("/login", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ username, password }),
    });
  } catch {
    return { why: "login.unreachable" };
  }
  if (!response.ok) return refusal(response.status, response.headers.get("retry-after"));

  set(visitorOf(await response.json().catch(() => undefined)));
  return undefined;
}

/** Logs out. The gateway ends everything that is open with this login. */
export async function logOut(): Promise<void> {
  await fetch("/logout", { method: "POST", headers: { "content-type": "application/json" } }).catch(() => {});
  set("out");
}

/** What a refused login means. */
export function refusal(status: number, retryAfter: string | null): Refusal {
  switch (status) {
    case 401:
    case 403:
      return { why: "login.refused" };
    case 429:
      return { why: "login.throttled", seconds: retryAfter ?? "60" };
    case 404:
    case 409:
      return { why: "login.none" };
    default:
      return { why: "login.failed", code: String(status) };
  }
}

function set(session: Session): void {
  current = session;
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);

  return () => {
    listeners.delete(listener);
  };
}
