import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app.tsx";
import { LiveContext } from "./live/hooks.ts";
import { Live } from "./live/live.ts";
import "./ui/theme.css";
import "./ui/controls.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element `root`");

// A gateway that was updated no longer has the parts that this page would load later.
addEventListener("vite:preloadError", () => location.reload());

const live = new Live();

createRoot(root).render(
  <StrictMode>
    <LiveContext value={live}>
      <App />
    </LiveContext>
  </StrictMode>,
);
