import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";

import { visible } from "./window.ts";
import "./rows.css";

interface Props<T> {
  /** Shown from the top. */
  items: readonly T[];
  label: string;
  keyOf: (item: T) => string;
  renderRow: (item: T) => ReactNode;
  /** Called with whether the first row is in sight. */
  onTop?: (atTop: boolean) => void;
}

/** A long list of which only what is in sight is in the page. All rows are equally high: `--row`. */
export function Rows<T>({ items, label, keyOf, renderRow, onTop }: Props<T>) {
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0, row: 52 });
  const look = useCallback(() => {
    const { current } = frame;
    if (!current) return;
    const rems = Number.parseFloat(getComputedStyle(current).getPropertyValue("--row")) || 3.25;
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
    setView({ top: current.scrollTop, height: current.clientHeight, row: rems * rem });
    onTop?.(current.scrollTop <= 0);
  }, [onTop]);

  useEffect(() => {
    look();
    const observer = new ResizeObserver(look);
    if (frame.current) observer.observe(frame.current);

    return () => observer.disconnect();
  }, [look]);

  const { from, to } = visible(view, items.length);
  const shown = items.slice(from, to);

  return (
    // A region that scrolls can be reached and scrolled with the keyboard.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={frame} className="rows" tabIndex={0} onScroll={look} role="group" aria-label={label}>
      <ul className="rows-space" style={{ height: `${items.length * view.row}px` }}>
        {shown.map((item, index) => (
          <li
            key={keyOf(item)}
            className="rows-row"
            aria-setsize={items.length}
            aria-posinset={from + index + 1}
            style={{ transform: `translateY(${(from + index) * view.row}px)` }}
          >
            {renderRow(item)}
          </li>
        ))}
      </ul>
    </div>
  );
}
