import { useTexts } from "../../i18n/index.ts";
import { useView } from "../../live/hooks.ts";
import type { Sent, Step } from "../../live/sent.ts";
import { Icon } from "../../ui/icon.tsx";
import { useWords } from "../words.ts";

/** Whether nothing more will become of a command. */
export function isOver(step: Step): boolean {
  return !["sent", "accepted", "executing"].includes(step);
}

/** The command that was last sent to a gate from here. */
export function useLatest(gate: string): Sent | undefined {
  return useView("commands").findLast((sent) => sent.gate === gate);
}

/** What has become of the command that was last sent to a gate from here. */
export function LatestCommand({ gate }: { gate: string }) {
  const latest = useLatest(gate);

  return (
    <div className="answer" role="status">
      {latest && <CommandLine command={latest} />}
    </div>
  );
}

/** A command in one line: what was wanted, how far it is, and why it failed. */
export function CommandLine({ command: { action, step, code, message, elapsed } }: { command: Sent }) {
  const { t } = useTexts();
  const words = useWords();
  const tone = isOver(step) ? (step === "succeeded" ? "good" : "bad") : "plain";
  const why = code ? words.code(code) : message;

  return (
    <p className="command-line" data-tone={tone} data-step={step}>
      <Icon name={tone === "plain" ? "waiting" : tone} />
      <span>
        <strong>{words.action(action)}</strong>: {words.step(step)}
        {tone === "bad" && why && <> – {why}</>}
        {tone === "good" && elapsed !== undefined && (
          <span className="quiet"> {t("command.took", { seconds: (elapsed / 1000).toFixed(1) })}</span>
        )}
      </span>
    </p>
  );
}
