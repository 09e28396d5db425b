import { useEffect, useRef, useState } from "react";

import { logOut, useVisitor } from "../features/login/session.ts";
import { useWords } from "../features/words.ts";
import { useTexts } from "../i18n/index.ts";
import { useLive } from "../live/hooks.ts";
import { go } from "../routes.ts";
import { Icon } from "../ui/icon.tsx";
import { type Theme, change, useSettings } from "../ui/settings.ts";
import { beep } from "./sound.ts";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

/** Colours, what happens when something breaks, and who is logged in. */
export function SettingsMenu() {
  const { t } = useTexts();
  const [open, setOpen] = useState(false);
  const menu = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!open) return;
    const leave = (event: Event) => {
      const escaped = event instanceof KeyboardEvent ? event.key === "Escape" : !menu.current?.contains(event.target as Node);
      if (escaped) setOpen(false);
    };
    addEventListener("pointerdown", leave);
    addEventListener("keydown", leave);

    return () => {
      removeEventListener("pointerdown", leave);
      removeEventListener("keydown", leave);
    };
  }, [open]);

  return (
    <div className="menu" ref={menu}>
      <button
        type="button"
        className="button"
        data-kind="plain"
        data-size="small"
        aria-expanded={open}
        aria-label={t("settings.title")}
        onClick={() => setOpen(!open)}
      >
        <Icon name="settings" size={18} />
      </button>
      {open && (
        <div className="menu-panel panel stack">
          <Colours />
          <Alerts />
          <Who onLeave={() => setOpen(false)} />
        </div>
      )}
    </div>
  );
}

function Colours() {
  const { t } = useTexts();
  const { theme } = useSettings();

  return (
    <div className="stack tight">
      <h3 id="colours">{t("settings.theme")}</h3>
      <div className="choices" role="group" aria-labelledby="colours">
        {THEMES.map((one) => (
          <button
            key={one}
            type="button"
            className="button"
            data-size="small"
            aria-pressed={theme === one}
            onClick={() => change({ theme: one })}
          >
            {t(`settings.theme.${one}`)}
          </button>
        ))}
      </div>
    </div>
  );
}

function Alerts() {
  const { t } = useTexts();
  const { sound, notify } = useSettings();
  const [refused, setRefused] = useState(false);
  const wish = async (wanted: boolean) => {
    const allowed = wanted && "Notification" in globalThis && (await Notification.requestPermission()) === "granted";
    setRefused(wanted && !allowed);
    change({ notify: allowed });
  };

  return (
    <div>
      <h3>{t("settings.alerts")}</h3>
      <div className="row spread">
        <label className="switch">
          <input type="checkbox" checked={sound} onChange={(event) => change({ sound: event.target.checked })} />
          {t("settings.sound")}
        </label>
        <button type="button" className="button" data-size="small" onClick={beep}>
          <Icon name="bell" />
          {t("settings.sound.try")}
        </button>
      </div>
      <label className="switch">
        <input type="checkbox" checked={notify} onChange={(event) => void wish(event.target.checked)} />
        {t("settings.notify")}
      </label>
      {refused && (
        <p className="small" role="alert">
          {t("settings.notify.refused")}
        </p>
      )}
    </div>
  );
}

function Who({ onLeave }: { onLeave: () => void }) {
  const { t } = useTexts();
  const words = useWords();
  const live = useLive();
  const { user, role, logins, canLogOut } = useVisitor();
  const leave = async () => {
    onLeave();
    live.stop();
    await logOut();
    live.store.forget();
    go({ page: "login" });
  };

  return (
    <div className="stack tight">
      <p className="small quiet">{logins ? t("settings.user", { user, role: words.role(role) }) : t("settings.anonymous")}</p>
      {canLogOut && (
        <button type="button" className="button" onClick={() => void leave()}>
          {t("settings.log_out")}
        </button>
      )}
    </div>
  );
}
