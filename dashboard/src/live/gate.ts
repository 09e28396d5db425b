/** What is known of one gate, put together from its messages. */
import type {
  CardDetected,
  GateStatus,
  HardwareStatus,
  ImageCaptured,
  Message,
  SystemStatus,
  Timestamp,
} from "../client/index.ts";

export interface GateState {
  readonly id: string;
  readonly system?: SystemStatus | undefined;
  readonly hardware?: HardwareStatus | undefined;
  readonly status?: GateStatus | undefined;
  readonly picture?: { image: ImageCaptured; at: Timestamp } | undefined;
  readonly card?: { card: CardDetected; at: Timestamp } | undefined;
  /** When it last said something, in milliseconds since 1970 by this machine's clock. */
  readonly heard: number;
}

/** The gate after one more message of it. */
export function after(gate: GateState, message: Message, heard: number): GateState {
  const { timestamp: at } = message;

  switch (message.type) {
    case "system_status":
      return { ...gate, heard, system: message.payload };
    case "hardware_status":
      return { ...gate, heard, hardware: message.payload };
    case "gate_status":
      return { ...gate, heard, status: message.payload };
    case "image_captured":
      return { ...gate, heard, picture: { image: message.payload, at } };
    case "card_detected":
      return { ...gate, heard, card: { card: message.payload, at } };
    default:
      return { ...gate, heard };
  }
}
