import type { ReactNode } from "react";

import { Icon, type IconName } from "./icon.tsx";

/** How much attention something wants. */
export type Tone = "good" | "plain" | "quiet" | "warn" | "bad";

const SHAPES: Readonly<Record<Tone, IconName | undefined>> = {
  good: "good",
  plain: undefined,
  quiet: "away",
  warn: "notice",
  bad: "bad",
};

/** A state in a word or two, with a shape for those who do not see its colour. */
export function Chip({ tone, icon, children }: { tone: Tone; icon?: IconName; children: ReactNode }) {
  const shape = icon ?? SHAPES[tone];

  return (
    <span className="chip" data-tone={tone}>
      {shape && <Icon name={shape} />}
      {children}
    </span>
  );
}
