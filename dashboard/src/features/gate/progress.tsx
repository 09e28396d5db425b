import { useTexts } from "../../i18n/index.ts";
import type { Sent } from "../../live/sent.ts";
import { Age } from "../../ui/age.tsx";
import { CommandLine, isOver, useLatest } from "./command-line.tsx";

const STAGES = ["sent", "accepted", "executing", "succeeded"] as const;

/** How far the command that was last sent from here is, step by step. */
export function Progress({ gate }: { gate: string }) {
  const { t } = useTexts();
  const latest = useLatest(gate);

  return (
    <div className="progress" role="status" aria-label={t("command.title")}>
      {latest ? (
        <>
          <Stages command={latest} />
          <div className="row spread">
            <CommandLine command={latest} />
            <span className="small quiet">
              <Age since={latest.at} />
            </span>
          </div>
        </>
      ) : (
        <p className="small quiet">{t("command.none")}</p>
      )}
    </div>
  );
}

function Stages({ command: { step } }: { command: Sent }) {
  const { t } = useTexts();
  const failed = isOver(step) && step !== "succeeded";
  const reached = failed ? -1 : STAGES.findIndex((stage) => stage === step);

  return (
    <ol className="stages" data-failed={failed || undefined}>
      {STAGES.map((stage, index) => (
        <li key={stage} data-reached={index <= reached || undefined} aria-current={index === reached ? "step" : undefined}>
          {t(`stage.${stage}`)}
        </li>
      ))}
    </ol>
  );
}
