import { useTexts } from "../../i18n/index.ts";

export default function Events() {
  const { t } = useTexts();

  return <h1>{t("nav.events")}</h1>;
}
