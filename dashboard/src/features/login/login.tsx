import { useTexts } from "../../i18n/index.ts";

export default function Login() {
  const { t } = useTexts();

  return <h1>{t("login.title")}</h1>;
}
