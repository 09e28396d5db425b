import { Suspense, lazy, useEffect } from "react";

import { Alerts } from "./app/alerts.tsx";
import { Banner } from "./app/banner.tsx";
import { Header } from "./app/header.tsx";
import { useHeard } from "./features/gate/control.tsx";
import Gate from "./features/gate/gate.tsx";
import Gates from "./features/gates/gates.tsx";
import { ask, useSession } from "./features/login/session.ts";
import { useTexts } from "./i18n/index.ts";
import { useLive, useView } from "./live/hooks.ts";
import { go, useRoute } from "./routes.ts";
import { Link } from "./ui/link.tsx";
import "./app/app.css";

// What most people open seldom is loaded when they do.
const Events = lazy(() => import("./features/events/events.tsx"));
const Charts = lazy(() => import("./features/charts/charts.tsx"));
const Admin = lazy(() => import("./features/admin/admin.tsx"));
const Login = lazy(() => import("./features/login/login.tsx"));

export function App() {
  const { t } = useTexts();
  const heard = useHeard();
  const session = useSession();
  const isLogin = useRoute().page === "login";
  useConnection();
  useTitle();

  return (
    <div className="app" data-lost={(!heard && !isLogin) || undefined}>
      <a className="skip" href="#content">
        {t("nav.skip")}
      </a>
      {session !== "out" && <Header />}
      {!isLogin && <Banner />}
      <Alerts />
      <main className="page" id="content" tabIndex={-1}>
        <Suspense fallback={null}>
          <Page />
        </Suspense>
      </main>
    </div>
  );
}

function Page() {
  const { t } = useTexts();
  const route = useRoute();

  switch (route.page) {
    case "gates":
      return <Gates />;
    case "gate":
      return <Gate key={route.gate} gate={route.gate} />;
    case "events":
      return <Events />;
    case "charts":
      return <Charts />;
    case "admin":
      return <Admin />;
    case "login":
      return <Login />;
    case "missing":
      return (
        <div className="stack">
          <h1>{t("missing.title")}</h1>
          <Link to={{ page: "gates" }}>{t("missing.back")}</Link>
        </div>
      );
  }
}

/** Connects as soon as the gateway knows who looks, and asks who it is whenever the connection is new. */
function useConnection(): void {
  const live = useLive();
  const { state } = useView("connection");

  useEffect(() => {
    let gone = false;
    void ask().then((session) => {
      if (gone) return;
      if (session === "out") go({ page: "login" });
      else live.start();
    });

    return () => {
      gone = true;
      live.stop();
    };
  }, [live]);
  useEffect(() => {
    if (state === "connected") void ask();
  }, [state]);
}

/** Names the page in the browser's tab, so that one finds it among others. */
function useTitle(): void {
  const { t } = useTexts();
  const route = useRoute();
  const heard = useHeard();
  const place = route.page === "gate" ? route.gate : t(route.page === "missing" ? "missing.title" : titleOf(route.page));

  useEffect(() => {
    document.title = `${heard || route.page === "login" ? "" : "✕ "}${place} – Manless`;
  }, [place, heard, route.page]);
}

function titleOf(page: "gates" | "events" | "charts" | "admin" | "login") {
  return page === "login" ? "login.title" : (`nav.${page}` as const);
}
