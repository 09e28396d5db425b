// Makes of Vite's output what the gateway embeds: each file once more as gzip and as brotli, and
// no more to load at first than the budget.

import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** What a browser loads before it shows something, compressed as over plain HTTP. */
const FIRST_LOAD = 250 * 1024;
/** Below this, headers weigh more than what compression saves. */
const WORTH_IT = 256;
const KEPT = ".gitignore";

/** A plugin that empties the output before, and compresses it after. */
export function embeddable(): Plugin {
  let directory = "";
  const first = new Set<string>(["index.html"]);

  return {
    name: "embeddable",
    apply: "build",
    configResolved(config) {
      directory = join(config.root, config.build.outDir);
    },
    async buildStart() {
      await empty(directory);
    },
    generateBundle(_options, bundle) {
      const visit = (name: string): void => {
        const chunk = bundle[name];
        if (first.has(name) || chunk?.type !== "chunk") return;
        first.add(name);
        chunk.imports.forEach(visit);
        chunk.viteMetadata?.importedCss.forEach((css) => first.add(css));
      };

      for (const [name, chunk] of Object.entries(bundle)) {
        if (chunk.type === "chunk" && chunk.isEntry) visit(name);
      }
    },
    async closeBundle() {
      const sizes = new Map<string, number>();
      for (const name of await files(directory)) sizes.set(name, await compress(join(directory, name)));

      const size = [...first].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
      this.info(`first load: ${(size / 1024).toFixed(1)} KiB of ${FIRST_LOAD / 1024} KiB, as gzip`);
      if (size > FIRST_LOAD) this.error("the first load is over its budget: load something later, or leave it out");
    },
  };
}

/** Writes the compressed forms of a file beside it, and tells how long the gzip is. */
async function compress(path: string): Promise<number> {
  const bytes = await readFile(path);
  const gzip = gzipSync(bytes, { level: 9 });
  if (bytes.length < WORTH_IT) return bytes.length;

  await writeFile(`${path}.gz`, gzip);
  await writeFile(
    `${path}.br`,
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  );
  return gzip.length;
}

async function files(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });

  return entries
    .filter((entry) => entry.isFile() && entry.name !== KEPT)
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
}

async function empty(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);

  await Promise.all(
    names.filter((name) => name !== KEPT).map((name) => rm(join(directory, name), { recursive: true })),
  );
}
