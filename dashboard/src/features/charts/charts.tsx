import { useTexts } from "../../i18n/index.ts";

export default function Charts() {
  const { t } = useTexts();

  return <h1>{t("nav.charts")}</h1>;
}
