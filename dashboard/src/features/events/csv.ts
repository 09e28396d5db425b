/** Events as a file for a spreadsheet: RFC 4180, and nothing in it that a spreadsheet would calculate. */
import type { Item } from "./item.ts";

const COLUMNS = ["time", "gate", "kind", "what", "card", "detail", "image", "journal", "seq"] as const;
/** What begins a formula somewhere, also behind blanks. */
const FORMULA = /^[\s]*[=+\-@|%]|^[\t\r\n]/;
/** Without it, spreadsheets do not take a file for UTF-8. */
const MARK = "\uFEFF";

/** The whole file, the oldest first. */
export function csv(items: readonly Item[]): string {
  const rows = items.map((item) => [
    item.at,
    item.gate,
    item.kind,
    item.what.slice(item.what.indexOf(".") + 1),
    item.card,
    item.detail,
    item.image,
    item.journal,
    item.seq,
  ]);

  return MARK + [COLUMNS, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

/** A value as a field. A card's number that begins like a formula gets a quote in front, which spreadsheets hide. */
export function field(value: string | number | null | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;

  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
