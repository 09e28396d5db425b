import { type FormEvent, useState } from "react";

import { useTexts } from "../../i18n/index.ts";
import { useLive } from "../../live/hooks.ts";
import { go } from "../../routes.ts";
import { type Refusal, logIn } from "./session.ts";
import "./login.css";

/** Who are you? The gateway decides; the browser keeps what it answers, and no script can read that. */
export default function Login() {
  const { t } = useTexts();
  const live = useLive();
  const [refused, setRefused] = useState<Refusal>();
  const [asking, setAsking] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    setAsking(true);
    setRefused(undefined);
    const refusal = await logIn(String(fields.get("username")), String(fields.get("password")));
    setAsking(false);
    setRefused(refusal);
    if (refusal) return;

    live.stop();
    live.store.forget();
    live.start();
    go({ page: "gates" });
  };

  return (
    <section className="panel login" aria-labelledby="login">
      <h1 id="login">{t("login.title")}</h1>
      <form className="stack" onSubmit={submit}>
        <label className="field">
          {t("login.user")}
          <input name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required />
        </label>
        <label className="field">
          {t("login.password")}
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        {refused && (
          <p className="refused" role="alert">
            {t(refused.why, { seconds: refused.seconds ?? "", code: refused.code ?? "" })}
          </p>
        )}
        <button type="submit" className="button" data-kind="primary" disabled={asking}>
          {t(asking ? "login.asking" : "login.submit")}
        </button>
      </form>
    </section>
  );
}
