import type { MouseEvent, ReactNode } from "react";

import { type Route, go, pathOf, useRoute } from "../routes.ts";

interface Props {
  to: Route;
  /** Drawn as a button; it is a link nevertheless. */
  button?: boolean;
  children: ReactNode;
}

/** A link inside the dashboard. With a key held down it is the browser's, as any other. */
export function Link({ to, button = false, children }: Props) {
  const here = pathOf(useRoute()) === pathOf(to);
  const follow = (click: MouseEvent) => {
    if (click.metaKey || click.ctrlKey || click.shiftKey || click.altKey) return;
    click.preventDefault();
    go(to);
  };

  return (
    <a
      href={pathOf(to)}
      onClick={follow}
      className={button ? "button" : undefined}
      data-size={button ? "small" : undefined}
      aria-current={here ? "page" : undefined}
    >
      {children}
    </a>
  );
}
