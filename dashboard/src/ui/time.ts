/** Times as people read them. */
import type { Language } from "../i18n/index.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago something was, in the largest unit that fits. Clocks that differ make nothing older or newer. */
export function ago(milliseconds: number): ["now" | "seconds" | "minutes" | "hours" | "days", number] {
  if (milliseconds < 2 * SECOND) return ["now", 0];
  if (milliseconds < MINUTE) return ["seconds", Math.floor(milliseconds / SECOND)];
  if (milliseconds < HOUR) return ["minutes", Math.floor(milliseconds / MINUTE)];
  if (milliseconds < DAY) return ["hours", Math.floor(milliseconds / HOUR)];
  return ["days", Math.floor(milliseconds / DAY)];
}

const TAGS: Readonly<Record<Language, string>> = { en: "en-GB", id: "id-ID" };
const formats = new Map<string, Intl.DateTimeFormat>();

/** The time of day, to the second. */
export function clockTime(language: Language, at: string | number): string {
  return format(language, "time", { hour: "2-digit", minute: "2-digit", second: "2-digit" }, at);
}

/** Date and time of day. */
export function dateTime(language: Language, at: string | number): string {
  return format(language, "both", { dateStyle: "medium", timeStyle: "medium" }, at);
}

/** The hour of the day at which a column of a chart begins. */
export function hour(language: Language, at: number): string {
  return format(language, "hour", { hour: "2-digit", minute: "2-digit" }, at);
}

function format(language: Language, name: string, options: Intl.DateTimeFormatOptions, at: string | number): string {
  const key = `${language} ${name}`;
  const found = formats.get(key) ?? new Intl.DateTimeFormat(TAGS[language], { ...options, hour12: false });
  formats.set(key, found);

  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : found.format(date);
}
