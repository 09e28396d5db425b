/** Long enough to be nobody's animation, short enough for a page in the background to notice a fault. */
const AT_LATEST = 1_000;

/** Calls a function with the next animation frame. A page in the background has none, and waits a second. */
export function nextFrame(what: () => void): void {
  const now = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    what();
  };
  const frame = requestAnimationFrame(now);
  const timer = setTimeout(now, AT_LATEST);
}
