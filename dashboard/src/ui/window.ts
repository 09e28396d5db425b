/** Which rows of a long list are in sight, and some around them. */

export interface View {
  /** How far it is scrolled, in pixels. */
  top: number;
  height: number;
  /** The height of each row. */
  row: number;
}

/** Rows beyond both edges, so that a quick scroll shows no blank. */
const AROUND = 8;

/** The first row to draw, and the one behind the last. */
export function visible({ top, height, row }: View, rows: number): { from: number; to: number } {
  const first = Math.floor(top / row) - AROUND;
  const last = Math.ceil((top + height) / row) + AROUND;

  return { from: Math.min(rows, Math.max(0, first)), to: Math.min(rows, Math.max(0, last)) };
}
