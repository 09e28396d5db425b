import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./app.tsx";
import "./ui/theme.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element `root`");

// A gateway that was updated no longer has the parts that this page would load later.
addEventListener("vite:preloadError", () => location.reload());

createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
