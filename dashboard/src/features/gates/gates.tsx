import { useTexts } from "../../i18n/index.ts";

export default function Gates() {
  const { t } = useTexts();

  return <h1>{t("nav.gates")}</h1>;
}
