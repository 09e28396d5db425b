import { useTexts } from "../i18n/index.ts";
import { useTime } from "./clock.ts";
import { ago, dateTime } from "./time.ts";

/** How long ago something was, growing; the exact time when one points at it. */
export function Age({ since }: { since: number | string }) {
  const { language, t } = useTexts();
  const then = new Date(since).getTime();
  const text = useTime((now) => {
    const [unit, n] = ago(now - then);
    return t(`age.${unit}`, { n });
  });

  return (
    <time dateTime={Number.isNaN(then) ? undefined : new Date(then).toISOString()} title={dateTime(language, since)}>
      {text}
    </time>
  );
}
