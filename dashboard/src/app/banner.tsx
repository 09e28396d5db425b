import { useEffect, useRef, useState } from "react";

import { useVisitor } from "../features/login/session.ts";
import { useTexts } from "../i18n/index.ts";
import { useLive, useView } from "../live/hooks.ts";
import type { Entry } from "../live/store.ts";
import { useTime } from "../ui/clock.ts";
import { Icon } from "../ui/icon.tsx";
import { Link } from "../ui/link.tsx";
import { clockTime } from "../ui/time.ts";

/** A connection that comes back within this time was not worth a word, in milliseconds. */
const AT_ONCE = 400;
/** How long the good news stay, in milliseconds. */
const GOOD_NEWS = 8_000;

/** Says, where nobody can miss it, that what is shown is not what is the case; and when it is again. */
export function Banner() {
  const { language, t } = useTexts();
  const live = useLive();
  const { state, stale, since } = useView("connection");
  const { user } = useVisitor();
  const lasting = useTime((now) => now - since > AT_ONCE);
  const lost = useLost(state === "connected" && !stale);
  const time = lost && clockTime(language, lost);

  if (state === "connected" && !stale) return <Back lost={lost} />;
  if (state === "connecting" && !lost && !lasting) return null;
  if (state === "unauthorized" || state === "forbidden") {
    return (
      <div className="banner" role="alert" data-tone="bad">
        <Icon name="bad" size={22} />
        <p>
          <strong>{t(`connection.${state}`)}</strong> {t(`connection.${state}.explain`, { user })}
        </p>
        {state === "unauthorized" && (
          <Link to={{ page: "login" }} button>
            {t("login.title")}
          </Link>
        )}
      </div>
    );
  }

  return (
    <div className="banner" role="alert" data-tone="bad">
      <Icon name="bad" size={22} />
      <p>
        <strong>{t(stale && state === "connected" ? "connection.stale" : "connection.lost")}</strong>{" "}
        {time ? t("connection.lost.explain", { time }) : t("connection.never.explain")}
      </p>
      <button type="button" className="button" data-size="small" onClick={() => live.start()}>
        {t("connection.retry")}
      </button>
    </div>
  );
}

/** When it was last heard, once it is not heard any more. */
function useLost(heard: boolean): number | undefined {
  const last = useRef<number>(undefined);
  const [lost, setLost] = useState<number>();

  useEffect(() => {
    if (heard) {
      last.current = Date.now();
      return () => {
        last.current = Date.now();
        setLost(last.current);
      };
    }
    return undefined;
  }, [heard]);

  return lost;
}

/** After a connection that was lost: that nothing is missing, or what may be. */
function Back({ lost }: { lost: number | undefined }) {
  const { language, t } = useTexts();
  const { since } = useView("connection");
  const gap = useView("events").findLast((entry): entry is Entry & { gap: object } => entry.gap !== undefined);
  const [dismissed, setDismissed] = useState<number>();
  const fresh = useTime((now) => now - since < GOOD_NEWS);

  if (gap && gap.number !== dismissed) {
    return (
      <div className="banner" role="status" data-tone="warn">
        <Icon name="notice" size={22} />
        <p>{t("connection.gap", { time: clockTime(language, lost ?? gap.heard) })}</p>
        <button type="button" className="button" data-size="small" onClick={() => setDismissed(gap.number)}>
          {t("connection.dismiss")}
        </button>
      </div>
    );
  }
  if (!fresh || lost === undefined) return null;

  return (
    <div className="banner" role="status" data-tone="good">
      <Icon name="good" size={22} />
      <p>{t("connection.back")}</p>
    </div>
  );
}
