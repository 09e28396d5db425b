import { useCallback, useState } from "react";

import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { Age } from "../../ui/age.tsx";
import { Icon } from "../../ui/icon.tsx";
import { useHeard } from "./control.tsx";
import { NoPicture, Picture } from "./picture.tsx";
import { health, runs } from "./view.ts";

/** What the camera sees: its latest picture, or the moving one for as long as somebody wants it. */
export function Live({ gate }: { gate: GateState }) {
  const { t } = useTexts();
  const [wanted, setWanted] = useState(false);
  const possible = useHeard() && runs(gate) && health(gate, "camera") === "good";
  const streams = wanted && possible;

  return (
    <section className="panel stack tight" aria-label={t("picture.title")}>
      <div className="title">
        <h2>{t("picture.title")}</h2>
        <button
          type="button"
          className="button"
          data-size="small"
          disabled={!possible}
          aria-pressed={streams}
          onClick={() => setWanted(!wanted)}
        >
          <Icon name={streams ? "stop" : "play"} />
          {t(streams ? "picture.stop" : "picture.watch")}
        </button>
      </div>
      {streams ? <Stream gate={gate.id} onEnd={() => setWanted(false)} /> : <Picture gate={gate} />}
      {!streams && gate.picture && (
        <p className="small quiet">
          {t("picture.taken")} <Age since={gate.picture.at} />
        </p>
      )}
    </section>
  );
}

/** The moving picture. A gateway that was told to end it, or whose gate went away, ends it. */
function Stream({ gate, onEnd }: { gate: string; onEnd: () => void }) {
  const { t } = useTexts();
  const [failed, setFailed] = useState(false);
  const load = useCallback(
    (picture: HTMLImageElement) => {
      picture.src = `/gates/${gate}/stream.mjpg?${Date.now()}`;

      // A browser goes on loading a picture that is not in the page any more. This is called while it still is
      // there: Chromium keeps one whose source changes later for as long as the page is open.
      return () => picture.removeAttribute("src");
    },
    [gate],
  );
  if (failed) {
    return (
      <>
        <NoPicture>{t("picture.stream_failed")}</NoPicture>
        <button type="button" className="button" data-size="small" onClick={onEnd}>
          {t("picture.back")}
        </button>
      </>
    );
  }

  return <img ref={load} className="picture" alt={t("picture.stream", { gate })} onError={() => setFailed(true)} />;
}
