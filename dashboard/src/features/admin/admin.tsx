import { type ReactNode, useMemo } from "react";

import { useTexts } from "../../i18n/index.ts";
import { useAdmin } from "../../live/hooks.ts";
import { Chip } from "../../ui/chip.tsx";
import { clockTime, dateTime } from "../../ui/time.ts";
import { useVisitor } from "../login/session.ts";
import { useWords } from "../words.ts";
import { type CommandRecord, type InvalidRecord, type SessionRecord, records } from "./records.ts";
import { type Status, useStatus } from "./status.ts";
import "./admin.css";

/** Who is connected, what was commanded by whom, and what was not understood. */
export default function Admin() {
  const { t } = useTexts();
  const { admin } = useVisitor();
  if (!admin) return <p className="empty">{t("admin.not_allowed")}</p>;

  return <Allowed />;
}

function Allowed() {
  const { t } = useTexts();
  const status = useStatus();
  const messages = useAdmin();
  const { sessions, commands, invalid } = useMemo(() => records(messages), [messages]);

  return (
    <div className="stack">
      <h1>{t("nav.admin")}</h1>
      <div className="admin">
        <Gateway status={status} />
        <Channels status={status} />
        <Commands commands={commands} />
        <Sessions sessions={sessions} />
        <Invalid invalid={invalid} />
      </div>
    </div>
  );
}

function Gateway({ status }: { status: Status | undefined }) {
  const { t } = useTexts();

  return (
    <section className="panel stack tight" aria-label={t("admin.gateway")}>
      <h2>{t("admin.gateway")}</h2>
      {status ? (
        <dl className="facts">
          <dt>{t("admin.broker")}</dt>
          <dd>
            <Chip tone={status.broker.connected ? "good" : "bad"}>
              {t(status.broker.connected ? "admin.connected" : "admin.not_connected")}
            </Chip>{" "}
            <span className="quiet">
              {status.broker.host}:{status.broker.port}
            </span>
          </dd>
          <dt>{t("admin.name")}</dt>
          <dd>{status.name}</dd>
          <dt>{t("admin.version")}</dt>
          <dd>{status.version}</dd>
          <dt>{t("admin.contract")}</dt>
          <dd>{status.contract}</dd>
          <dt>{t("admin.uptime")}</dt>
          <dd>
            <Uptime seconds={status.uptime} />
          </dd>
          <dt>{t("admin.gates")}</dt>
          <dd>{status.gates.length}</dd>
        </dl>
      ) : (
        <p className="quiet">{t("admin.no_status")}</p>
      )}
    </section>
  );
}

function Uptime({ seconds }: { seconds: number }) {
  const { t } = useTexts();
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];

  return <>{t("admin.uptime.value", { days, hours, minutes })}</>;
}

function Channels({ status }: { status: Status | undefined }) {
  const { t } = useTexts();

  return (
    <section className="panel stack tight" aria-label={t("admin.channels")}>
      <h2>{t("admin.channels")}</h2>
      <Table heads={[t("admin.channel"), t("admin.clients")]} none={t("admin.nobody")}>
        {status?.channels.map(([name, clients]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{clients}</td>
          </tr>
        ))}
        {status?.controllers.map((name) => (
          <tr key={`controller ${name}`}>
            <th scope="row">{t("admin.controller", { gate: name })}</th>
            <td>1</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Commands({ commands }: { commands: readonly CommandRecord[] }) {
  const { language, t } = useTexts();
  const words = useWords();
  const heads = [t("admin.time"), t("events.gate"), t("admin.command"), t("admin.by"), t("admin.outcome")];

  return (
    <section className="panel stack tight wide" aria-label={t("admin.commands")}>
      <h2>{t("admin.commands")}</h2>
      <Table heads={heads} none={t("admin.none_since")}>
        {commands.map((command) => (
          <tr key={command.id}>
            <td title={dateTime(language, command.at)}>{clockTime(language, command.at)}</td>
            <td>{command.gate}</td>
            <td>
              {words.action(command.action)}
              {command.reason && <span className="quiet"> – {command.reason}</span>}
            </td>
            <td>{command.by ?? t("admin.mqtt")}</td>
            <td>
              <Outcome command={command} />
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Outcome({ command: { status, code, elapsed } }: { command: CommandRecord }) {
  const words = useWords();
  if (!status) return <span className="quiet">…</span>;
  const tone = status === "succeeded" ? "good" : ["accepted", "executing"].includes(status) ? "plain" : "bad";

  return (
    <>
      <Chip tone={tone}>{words.step(status)}</Chip>{" "}
      <span className="quiet">
        {[code && words.code(code), typeof elapsed === "number" && `${(elapsed / 1000).toFixed(1)} s`].filter(Boolean).join(" · ")}
      </span>
    </>
  );
}

function Sessions({ sessions }: { sessions: readonly SessionRecord[] }) {
  const { language, t } = useTexts();
  const heads = [t("admin.channel"), t("login.user"), t("admin.address"), t("admin.opened"), t("admin.closed")];

  return (
    <section className="panel stack tight wide" aria-label={t("admin.sessions")}>
      <h2>{t("admin.sessions")}</h2>
      <Table heads={heads} none={t("admin.none_since")}>
        {sessions.map(({ session, channel, user, address, opened, closed, reason }) => (
          <tr key={session}>
            <td>{channel}</td>
            <td>{user}</td>
            <td>{address}</td>
            <td>{opened && clockTime(language, opened)}</td>
            <td>
              {closed ? `${clockTime(language, closed)} · ${reason ?? ""}` : <Chip tone="good">{t("admin.open")}</Chip>}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Invalid({ invalid }: { invalid: readonly InvalidRecord[] }) {
  const { language, t } = useTexts();
  const heads = [t("admin.time"), t("admin.origin"), t("admin.size"), t("admin.why")];

  return (
    <section className="panel stack tight wide" aria-label={t("admin.invalid")}>
      <h2>{t("admin.invalid")}</h2>
      <Table heads={heads} none={t("admin.invalid.none")}>
        {invalid.map(({ key, at, origin, size, reason }) => (
          <tr key={key}>
            <td title={dateTime(language, at)}>{clockTime(language, at)}</td>
            <td>{origin}</td>
            <td>{t("admin.bytes", { n: size })}</td>
            <td>{reason}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

interface TableProps {
  heads: readonly string[];
  none: string;
  children: ReactNode;
}

/** A table that scrolls inside its frame, or in its place that there is nothing. */
function Table({ heads, none, children }: TableProps) {
  const rows = [children].flat(2).filter(Boolean);
  if (rows.length === 0) return <p className="quiet">{none}</p>;

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls is reached with the keyboard.
    <div className="table-frame tall" tabIndex={0} role="group">
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{rows}</tbody>
      </table>
    </div>
  );
}
