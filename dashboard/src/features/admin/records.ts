/** What the channel `admin` tells, put together: sessions, commands with their outcomes, invalid messages. */
import type { Message } from "../../client/index.ts";

export interface SessionRecord {
  session: number;
  channel: string;
  address: string;
  /** Who it is, where there are logins. */
  user?: string | null | undefined;
  opened?: string | undefined;
  closed?: string | undefined;
  reason?: string | undefined;
}

export interface CommandRecord {
  id: string;
  gate: string;
  type: string;
  action: string;
  by?: string | null | undefined;
  reason?: string | null | undefined;
  at: string;
  /** The last answer, if any has come. */
  status?: string | undefined;
  code?: string | null | undefined;
  elapsed?: number | null | undefined;
}

export interface InvalidRecord {
  key: string;
  origin: string;
  size: number;
  reason: string;
  at: string;
}

export interface Records {
  sessions: SessionRecord[];
  commands: CommandRecord[];
  invalid: InvalidRecord[];
}

/** Puts messages together, the newest first. */
export function records(messages: readonly Message[]): Records {
  const sessions = new Map<number, SessionRecord>();
  const commands = new Map<string, CommandRecord>();
  /** Commands that came as a bare word: the gate gives them a name, which only their answers tell. */
  const nameless = new Map<string, string>();
  const invalid: InvalidRecord[] = [];

  messages.forEach((message, index) => {
    const { timestamp: at, gate_id: gate, id } = message;
    switch (message.type) {
      case "session_opened": {
        const { session, channel, address, user } = message.payload;
        sessions.set(session, { session, channel, address, user, opened: at });
        break;
      }
      case "session_closed": {
        const { session, channel, reason } = message.payload;
        const before = sessions.get(session) ?? { session, channel, address: "" };
        sessions.set(session, { ...before, closed: at, reason });
        break;
      }
      case "invalid_message": {
        const { origin, size, reason } = message.payload;
        invalid.push({ key: id ?? `${at} ${index}`, origin, size, reason, at });
        break;
      }
      case "gate_control":
      case "camera_control": {
        const { action, command_id: command, requested_by: by } = message.payload;
        const reason = "reason" in message.payload ? message.payload.reason : undefined;
        const key = command ?? `${id} ${index}`;
        if (!command) nameless.set(`${gate} ${action}`, key);
        commands.set(key, { ...commands.get(key), id: key, gate, type: message.type, action, by, reason, at });
        break;
      }
      case "gate_control_response":
      case "camera_control_response": {
        const { command_id: command, action, status, code, elapsed_ms: elapsed } = message.payload;
        const type = message.type.replace("_response", "");
        const unnamed = commands.has(command) ? undefined : nameless.get(`${gate} ${action}`);
        const before = commands.get(unnamed ?? command) ?? { id: command, gate, type, action, at };
        if (unnamed) {
          nameless.delete(`${gate} ${action}`);
          commands.delete(unnamed);
        }
        commands.set(command, { ...before, id: command, status, code, elapsed });
        break;
      }
      default:
    }
  });

  return {
    sessions: [...sessions.values()].toReversed(),
    commands: [...commands.values()].toReversed(),
    invalid: invalid.toReversed(),
  };
}
