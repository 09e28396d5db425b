import { Suspense, lazy } from "react";

import Gate from "./features/gate/gate.tsx";
import Gates from "./features/gates/gates.tsx";
import { useTexts } from "./i18n/index.ts";
import { useRoute } from "./routes.ts";
import { Link } from "./ui/link.tsx";

// What most people open seldom is loaded when they do.
const Events = lazy(() => import("./features/events/events.tsx"));
const Charts = lazy(() => import("./features/charts/charts.tsx"));
const Admin = lazy(() => import("./features/admin/admin.tsx"));
const Login = lazy(() => import("./features/login/login.tsx"));

export function App() {
  const { t } = useTexts();

  return (
    <>
      <nav className="bar">
        <Link to={{ page: "gates" }}>{t("nav.gates")}</Link>
        <Link to={{ page: "events" }}>{t("nav.events")}</Link>
        <Link to={{ page: "charts" }}>{t("nav.charts")}</Link>
        <Link to={{ page: "admin" }}>{t("nav.admin")}</Link>
      </nav>
      <main className="page">
        <Suspense fallback={null}>
          <Page />
        </Suspense>
      </main>
    </>
  );
}

function Page() {
  const { t } = useTexts();
  const route = useRoute();

  switch (route.page) {
    case "gates":
      return <Gates />;
    case "gate":
      return <Gate gate={route.gate} />;
    case "events":
      return <Events />;
    case "charts":
      return <Charts />;
    case "admin":
      return <Admin />;
    case "login":
      return <Login />;
    case "missing":
      return <h1>{t("missing.title")}</h1>;
  }
}
