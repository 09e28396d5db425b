// The system's Chromium, without a window and without any talk to hosts of its own.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts the browser. Whoever opens it closes it. */
export function openBrowser() {
  return chromium.launch({ executablePath: executable(), args: ARGUMENTS });
}

function executable() {
  const directories = (process.env.PATH ?? "").split(delimiter);
  const paths = NAMES.flatMap((name) => directories.map((directory) => join(directory, name)));
  const found = paths.find(isExecutable);
  if (!found) throw new Error(`none of ${NAMES.join(", ")} is there: run \`make test\``);

  return found;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
