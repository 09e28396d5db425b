import type { Details, GateAction } from "../../client/index.ts";
import { useTexts } from "../../i18n/index.ts";
import type { GateState } from "../../live/gate.ts";
import { useLive, useView } from "../../live/hooks.ts";
import { Icon, type IconName } from "../../ui/icon.tsx";
import { useVisitor } from "../login/session.ts";
import { commands } from "../login/visitor.ts";
import { useWords } from "../words.ts";
import { runs } from "./view.ts";

const ICONS: Partial<Record<GateAction, IconName>> = { open: "up", close: "down", stop: "stop" };
const KINDS: Partial<Record<GateAction, string>> = { open: "primary", stop: "danger" };

interface Props {
  gate: GateState;
  actions: readonly GateAction[];
  /** Seconds that the boom stays up, where it is opened. */
  duration?: number | undefined;
}

/** Buttons that move the boom. Whoever may not move it sees none. */
export function Control({ gate, actions, duration }: Props) {
  const { t } = useTexts();
  const words = useWords();
  const possible = usePossible(gate);
  const send = useSend(gate.id);
  if (!useMayCommand(gate.id)) return null;

  return (
    <div className="row control">
      {actions.map((action) => (
        <button
          key={action}
          type="button"
          className="button"
          data-kind={KINDS[action]}
          data-action={action}
          disabled={!possible}
          aria-label={t("control.named", { action: words.action(action), gate: gate.id })}
          onClick={() => send(action, {}, action === "open" ? duration : undefined)}
        >
          {ICONS[action] && <Icon name={ICONS[action]} />}
          {words.action(action)}
        </button>
      ))}
    </div>
  );
}

/** What sends a command to a gate. */
export function useSend(gate: string) {
  const live = useLive();

  return (action: GateAction, details: Details = {}, duration?: number) => live.control(gate, action, duration, details);
}

/** Whether a command would reach the gate. */
export function usePossible(gate: GateState): boolean {
  return useHeard() && runs(gate);
}

/** Whether what is shown is what is the case: the gateway is connected, and heard. */
export function useHeard(): boolean {
  const { state, stale } = useView("connection");

  return state === "connected" && !stale;
}

/** Whether whoever looks may move the boom of this gate. */
export function useMayCommand(gate: string): boolean {
  return commands(useVisitor(), gate);
}
