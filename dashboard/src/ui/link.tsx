import type { MouseEvent, ReactNode } from "react";

import { type Route, go, pathOf, useRoute } from "../routes.ts";

/** A link inside the dashboard. With a key held down it is the browser's, as any other. */
export function Link({ to, children }: { to: Route; children: ReactNode }) {
  const here = pathOf(useRoute()) === pathOf(to);
  const follow = (click: MouseEvent) => {
    if (click.metaKey || click.ctrlKey || click.shiftKey || click.altKey) return;
    click.preventDefault();
    go(to);
  };

  return (
    <a href={pathOf(to)} onClick={follow} aria-current={here ? "page" : undefined}>
      {children}
    </a>
  );
}
