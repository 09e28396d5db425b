import type { Texts } from "./index.ts";

/** Bahasa Indonesia. */
export const id: Texts = {
  "app.title": "Gerbang",
  "nav.gates": "Gerbang",
  "nav.events": "Kejadian",
  "nav.charts": "Grafik",
  "nav.admin": "Administrasi",
  "login.title": "Masuk",
  "missing.title": "Halaman tidak ditemukan",
  "language": "Bahasa",
};
