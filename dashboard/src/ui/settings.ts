/** What somebody wishes of the dashboard in this browser, and keeps from one visit to the next. */
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
/** How large gates are drawn: by how many there are, or always the same. */
export type Size = "auto" | "large" | "compact";

export interface Settings {
  theme: Theme;
  size: Size;
  /** A sound when something breaks. */
  sound: boolean;
  /** A notification when something breaks while the page is not in sight. */
  notify: boolean;
}

const KEPT = "manless.settings";
const DEFAULTS: Settings = { theme: "system", size: "auto", sound: false, notify: false };
const listeners = new Set<() => void>();
let current = kept();
show(current);

/** The settings. Renders anew when one changes. */
export function useSettings(): Settings {
  return useSyncExternalStore(subscribe, settings);
}

/** The settings as they are. */
export function settings(): Settings {
  return current;
}

/** Changes some of them, and keeps them in this browser. */
export function change(changes: Partial<Settings>): void {
  current = { ...current, ...changes };
  show(current);
  try {
    localStorage.setItem(KEPT, JSON.stringify(current));
  } catch {
    // A browser that keeps nothing starts with the defaults the next time.
  }
  for (const listener of [...listeners]) listener();
}

/** What was kept, as far as it is something that can be wished. */
export function read(text: string | null): Settings {
  let found: Partial<Record<keyof Settings, unknown>> = {};
  try {
    found = Object(JSON.parse(text ?? "{}"));
  } catch {
    // Somebody else's text: the defaults hold.
  }

  return {
    theme: oneOf(found.theme, ["system", "light", "dark"] as const, DEFAULTS.theme),
    size: oneOf(found.size, ["auto", "large", "compact"] as const, DEFAULTS.size),
    sound: found.sound === true,
    notify: found.notify === true,
  };
}

function oneOf<T>(value: unknown, known: readonly T[], otherwise: T): T {
  return known.find((one) => one === value) ?? otherwise;
}

function kept(): Settings {
  try {
    return read(localStorage.getItem(KEPT));
  } catch {
    return DEFAULTS;
  }
}

function show({ theme }: Settings): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);

  return () => {
    listeners.delete(listener);
  };
}
