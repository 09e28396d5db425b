import { NAMES, choose, useTexts } from "../i18n/index.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Link } from "../ui/link.tsx";
import type { Route } from "../routes.ts";
import { useHeard } from "../features/gate/control.tsx";
import { useVisitor } from "../features/login/session.ts";
import { useView } from "../live/hooks.ts";
import { SettingsMenu } from "./settings-menu.tsx";

const PAGES = ["gates", "events", "charts", "admin"] as const satisfies readonly (Route["page"] & IconName)[];

/** Where one is, where one can go, and whether the gateway is connected. */
export function Header() {
  const { t } = useTexts();
  const { admin } = useVisitor();

  return (
    <header className="bar">
      <nav aria-label={t("nav.label")}>
        {PAGES.filter((page) => page !== "admin" || admin).map((page) => (
          <Link key={page} to={{ page }}>
            <Icon name={page} size={18} />
            <span>{t(`nav.${page}`)}</span>
          </Link>
        ))}
      </nav>
      <div className="row tools">
        <Pulse />
        <Language />
        <SettingsMenu />
      </div>
    </header>
  );
}

function Pulse() {
  const { t } = useTexts();
  const heard = useHeard();
  const { state } = useView("connection");
  const said = heard ? "connected" : state === "connecting" ? "connecting" : "lost";

  return (
    <span className="pulse" data-connection={said}>
      <Icon name={heard ? "good" : said === "lost" ? "bad" : "waiting"} />
      <span className="pulse-text">{t(`connection.${said}`)}</span>
    </span>
  );
}

function Language() {
  const { language, t } = useTexts();

  return (
    <div className="choices" role="group" aria-label={t("language")}>
      {(["en", "id"] as const).map((one) => (
        <button
          key={one}
          type="button"
          className="button"
          data-kind="plain"
          data-size="small"
          lang={one}
          aria-label={`${one.toUpperCase()} ${NAMES[one]}`}
          aria-pressed={language === one}
          onClick={() => choose(one)}
        >
          {one.toUpperCase()}
        </button>
      ))}
    </div>
  );
}
