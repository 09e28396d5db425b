import { type FormEvent, useState } from "react";

import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { useWords } from "../words.ts";
import { usePossible, useSend } from "./control.tsx";


/** Opening in an emergency and ending it, both only with a reason and a second click. */
export function Emergency({ gate }: { gate: GateState }) {
  const words = useWords();
  const possible = usePossible(gate);
  const [asking, setAsking] = useState(false);
  const action = gate.status?.mode === "emergency_open" ? "emergency_reset" : "emergency_open";

  return (
    <div>
      <button
        type="button"
        className="button emergency"
        data-kind="danger"
        data-action={action}
        disabled={!possible}
        onClick={() => setAsking(true)}
      >
        {words.action(action)} …
      </button>
      {asking && <Question gate={gate} action={action} possible={possible} onClose={() => setAsking(false)} />}
    </div>
  );
}

interface QuestionProps {
  gate: GateState;
  action: "emergency_open" | "emergency_reset";
  possible: boolean;
  onClose: () => void;
}

function Question({ gate, action, possible, onClose }: QuestionProps) {
  const { t } = useTexts();
  const words = useWords();
  const send = useSend(gate.id);
  const [reason, setReason] = useState("");
  const confirm = (event: FormEvent) => {
    event.preventDefault();
    send(action, { reason: reason.trim() });
    onClose();
  };

  return (
    <Dialog title={t(`${action}.title`, { gate: gate.id })} onClose={onClose}>
      <p>{t(`${action}.explain`)}</p>
      <form className="stack" onSubmit={confirm}>
        <label className="field">
          {t("control.reason.required")}
          <textarea
            required
            rows={2}
            maxLength={200}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </label>
        <div className="row spread">
          <button type="button" className="button" onClick={onClose}>
            {t("dialog.cancel")}
          </button>
          <button type="submit" className="button" data-kind="final" disabled={!possible || reason.trim() === ""}>
            {words.action(action)}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
