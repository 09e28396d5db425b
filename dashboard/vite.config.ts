import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

import { embeddable } from "./build/embeddable.ts";

/** The gateway that `npm run dev` shows: `manless up` on this machine, or another one. */
const GATEWAY = process.env.MANLESS_GATEWAY ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), embeddable()],
  build: {
    // `embeddable` empties it: a file in it that belongs to git has to stay.
    emptyOutDir: false,
    // The policy of the page allows no `data:` address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: {
      ...Object.fromEntries(
        ["/ws", "/gates", "/status", "/session", "/logout", "/docs"].map((path) => [
          path,
          { target: GATEWAY, ws: path === "/ws" },
        ]),
      ),
      // To look at it is the app's, to send something to it the gateway's.
      "/login": { target: GATEWAY, bypass: ({ method, url }) => (method === "GET" ? url : undefined) },
    },
  },
  test: {
    environment: "happy-dom",
    restoreMocks: true,
  },
});
