import type { Message } from "./contract.ts";

/** The types that a message can have. */
export type MessageType = Message["type"];
/** The messages of one type. */
export type MessageOf<Type extends MessageType> = Extract<Message, { type: Type }>;

/** States: of each gate and type only the latest counts, and a resumed connection does not repeat them. */
const STATES = new Set(["system_status", "hardware_status", "gate_status"]);
/** What the gateway says about the connection itself. */
const ABOUT_THE_CONNECTION = new Set(["hello", "snapshot_begin", "snapshot_end", "pong"]);
const ANSWERS = new Set(["gate_control_response", "camera_control_response"]);

/** The message in a frame, or nothing where it is none: a reader ignores what it does not know. */
export function parse(frame: unknown): Message | undefined {
  if (typeof frame !== "string") return undefined;
  try {
    const message: unknown = JSON.parse(frame);
    return isMessage(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

/** Whether each message of this type counts, and not only the latest. */
export function isEvent(type: string): boolean {
  return !STATES.has(type) && !ABOUT_THE_CONNECTION.has(type);
}

/** Whether a message says what became of a command. */
export function isAnswer(message: Message): message is MessageOf<"gate_control_response" | "camera_control_response"> {
  return ANSWERS.has(message.type);
}

/** What every message has. The gateway has looked at the rest. */
function isMessage(value: unknown): value is Message {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    typeof value.type === "string" &&
    "payload" in value &&
    typeof value.payload === "object" &&
    value.payload !== null &&
    "gate_id" in value &&
    typeof value.gate_id === "string"
  );
}
