/** Every text of the dashboard, in English. Another language has the same keys, or does not build. */
export const en = {
  "app.title": "Gates",
  "nav.gates": "Gates",
  "nav.events": "Events",
  "nav.charts": "Charts",
  "nav.admin": "Administration",
  "login.title": "Log in",
  "missing.title": "There is no such page",
  "language": "Language",
} as const;
