/**
 * The texts of the dashboard in the language of whoever reads it: the one they chose, or else
 * their browser's, or else English.
 */
import { useSyncExternalStore } from "react";

import { en } from "./en.ts";
import { id } from "./id.ts";

export type Key = keyof typeof en;
export type Texts = Readonly<Record<Key, string>>;
export type Language = keyof typeof LANGUAGES;
/** What the places in a text such as `{gate}` stand for. */
export type Values = Readonly<Record<string, string | number>>;

const LANGUAGES = { en, id } satisfies Record<string, Texts>;
const CHOSEN = "manless.language";
const listeners = new Set<() => void>();
let current = initial();

/** Each language by its own name. */
export const NAMES: Readonly<Record<Language, string>> = { en: "English", id: "Bahasa Indonesia" };

/** The language, and what finds a text in it. Renders anew when another one is chosen. */
export function useTexts() {
  const language = useSyncExternalStore(subscribe, () => current);

  return { language, t: (key: Key, values?: Values) => text(language, key, values) };
}

/** A text in a language. */
export function text(language: Language, key: Key, values: Values = {}): string {
  return LANGUAGES[language][key].replace(/\{(\w+)\}/g, (place, name: string) => `${values[name] ?? place}`);
}

/** Changes the language, and remembers it in this browser. */
export function choose(chosen: Language): void {
  current = chosen;
  document.documentElement.lang = chosen;
  try {
    localStorage.setItem(CHOSEN, chosen);
  } catch {
    // A browser that keeps nothing asks its own language the next time.
  }
  for (const listener of [...listeners]) listener();
}

function initial(): Language {
  const wanted = [remembered(), ...navigator.languages.map((tag) => tag.split("-")[0])];
  const found = wanted.find((tag): tag is Language => tag !== undefined && tag in LANGUAGES) ?? "en";
  document.documentElement.lang = found;

  return found;
}

function remembered(): string | undefined {
  try {
    return localStorage.getItem(CHOSEN) ?? undefined;
  } catch {
    return undefined;
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);

  return () => {
    listeners.delete(listener);
  };
}
