/** Small drawings, in the colour of the text beside them. They say nothing that the text does not. */

const PATHS = {
  gates: "M4 20V9m0 2 16-5M2 20h6",
  events: "M4 6h16M4 12h16M4 18h10",
  charts: "M5 20V11m7 9V4m7 16v-7",
  admin: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM9 12l2 2 4-4",
  settings: "M4 7h10m4 0h2M4 17h2m4 0h10M16 5v4M8 15v4",
  vehicle: "M3 16v-4l3-1 2-4h8l2 4 3 1v4zM7 16v2m10-2v2",
  waiting: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  camera: "M3 8h4l2-3h6l2 3h4v11H3zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  reader: "M3 6h18v12H3zM3 10h18M7 15h4",
  controller: "M7 7h10v10H7zM10 3v4m4-4v4m-4 10v4m4-4v4M3 10h4m-4 4h4m10-4h4m-4 4h4",
  card: "M3 6h18v12H3zM3 10h18",
  good: "M5 12.5l4.5 4.5L19 7.5",
  notice: "M12 4v10m0 4v1.5",
  bad: "M6 6l12 12M18 6 6 18",
  away: "M5 12h14",
  none: "M8 12h8",
  back: "M14 5l-7 7 7 7",
  up: "M12 20V5m-6 6 6-6 6 6",
  down: "M12 4v15m-6-6 6 6 6-6",
  stop: "M7 7h10v10H7z",
  bell: "M6 17h12l-1.5-2V10a4.5 4.5 0 0 0-9 0v5zM10 20h4",
  download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zm5-2 5 5",
  picture: "M3 5h18v14H3zM3 16l5-5 4 4 3-3 6 6",
  command: "M6 4l13 7-6 1.5-2.5 6z",
  play: "M8 5v14l11-7z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2.2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
