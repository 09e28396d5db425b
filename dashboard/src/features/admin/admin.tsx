import { useTexts } from "../../i18n/index.ts";

export default function Admin() {
  const { t } = useTexts();

  return <h1>{t("nav.admin")}</h1>;
}
