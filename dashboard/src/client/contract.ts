// The messages of docs/contract.md, as types. Made by `make contract`: change the contract, not this file.
//
// Readers ignore what they do not know: there may be further fields, further types of message, and
// further words where `Open` says so. A field that has nothing to say is absent, or null where
// somebody else wrote the message.

/** One of the known words, or one that a later version of the contract adds. */
export type Open<Known extends string> = Known | (string & {});

/** An instant: RFC 3339, written in UTC with `Z`. */
export type Timestamp = string;

/** Whether an agent or gateway runs. */
export type SystemState = Open<"online" | "degraded" | "stopped" | "offline">;

/** 1 to 128 printable ASCII characters without spaces. What this system makes is a UUIDv7; what others send may be anything of this shape. */
export type Id = string;

/** The name of a gate: the middle level of its topics. */
export type GateId = string;

/** The name of a gateway: `bridge`, or `bridge-2` where several run. */
export type BridgeId = string;

/** What a camera does. */
export type CameraStatus = Open<"ready" | "streaming" | "error" | "disconnected">;

/** Where the boom is. */
export type BarrierStatus = Open<"closed" | "opening" | "open" | "closing" | "stopped" | "unknown">;

/** Who rules the boom. */
export type LaneMode = Open<"auto" | "held_open" | "held_closed" | "emergency_open" | "out_of_service">;

/** What keeps a gate from working. */
export type GateFault = Open<"movement_timeout" | "controller_lost" | "loop_stuck">;

/** What a movement was made for. */
export type MovedBy = Open<"command" | "card" | "timer" | "manual" | "safety">;

/** What was decided on a card. */
export type Decision = Open<"granted" | "denied" | "pending">;

/** What opened the gate for a vehicle. */
export type PassageTrigger = Open<"card" | "command" | "manual">;

/** How it is known that a vehicle went through. */
export type Confirmation = Open<"confirmed" | "assumed">;

/** What happened in the lane. */
export type EventName = Open<
  | "entry"
  | "exit"
  | "denied"
  | "no_passage"
  | "tailgate"
  | "manual_open"
  | "forced_open"
  | "movement_timeout"
  | "held_open"
  | "held_closed"
  | "emergency_open"
  | "emergency_reset"
  | "auto"
  | "events_lost"
>;

/** A WebSocket channel: a gate, `gate_all` or `admin`; `controller/{gate_id}`, of a controller. */
export type Channel = string;

/** How far a command got. */
export type AnswerStatus = Open<"accepted" | "executing" | "succeeded" | "failed" | "rejected" | "expired">;

/** Why a command failed or was refused. */
export type AnswerCode = Open<
  | "retained_command"
  | "expired"
  | "duplicate"
  | "invalid"
  | "unauthorized"
  | "rate_limited"
  | "mode_locked"
  | "vehicle_present"
  | "emergency_active"
  | "hardware_offline"
  | "movement_timeout"
  | "gate_offline"
  | "broker_unavailable"
  | "timeout"
>;

/** What a boom or its lane is to do. */
export type GateAction =
  "open" | "close" | "stop" | "hold_open" | "hold_closed" | "auto" | "emergency_open" | "emergency_reset";

/** How long a boom stays fully open, in whole seconds. */
export type OpenSeconds = number;

/** What a camera is to do. */
export type CameraAction = "capture" | "start_stream" | "stop_stream" | "fetch";

/** Whatever arrives at a client, told apart by its `type`. */
export type Message =
  | SystemStatusMessage
  | HardwareStatusMessage
  | GateStatusMessage
  | CardDetectedMessage
  | ParkingEntryMessage
  | ParkingExitMessage
  | ParkingEventMessage
  | ImageCapturedMessage
  | ErrorMessage
  | GateControlResponseMessage
  | CameraControlResponseMessage
  | GateControlMessage
  | CameraControlMessage
  | RequestStatusMessage
  | RequestEventsMessage
  | HelloMessage
  | SnapshotBeginMessage
  | SnapshotEndMessage
  | PongMessage
  | SessionOpenedMessage
  | SessionClosedMessage
  | InvalidMessageMessage;

/** Whatever a client may send, told apart by its `type`. */
export type Command =
  GateControlCommand | CameraControlCommand | RequestStatusCommand | RequestEventsCommand | PingMessage;

/** The birth of an agent or a gateway, and its last will. */
export interface SystemStatusMessage {
  type: "system_status";
  payload: SystemStatus;
  /** The gate, or the gateway. */
  gate_id: GateId | BridgeId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** Which devices are there. */
export interface HardwareStatusMessage {
  type: "hardware_status";
  payload: HardwareStatus;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** Where the boom is and who rules it. */
export interface GateStatusMessage {
  type: "gate_status";
  payload: GateStatus;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** A card was read. */
export interface CardDetectedMessage {
  type: "card_detected";
  payload: CardDetected;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The journal that has the event. */
  journal?: Id | null;
  /** The event's number in the journal: 1, 2, 3, … never reused, never skipped. */
  seq?: number | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** A vehicle came in: the business record. */
export interface ParkingEntryMessage {
  type: "parking_entry";
  payload: Passage;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The journal that has the event. */
  journal?: Id | null;
  /** The event's number in the journal: 1, 2, 3, … never reused, never skipped. */
  seq?: number | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** A vehicle went out: the business record. */
export interface ParkingExitMessage {
  type: "parking_exit";
  payload: Passage;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The journal that has the event. */
  journal?: Id | null;
  /** The event's number in the journal: 1, 2, 3, … never reused, never skipped. */
  seq?: number | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** Everything notable in the lane. */
export interface ParkingEventMessage {
  type: "parking_event";
  payload: ParkingEvent;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The journal that has the event. */
  journal?: Id | null;
  /** The event's number in the journal: 1, 2, 3, … never reused, never skipped. */
  seq?: number | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** A picture was taken. */
export interface ImageCapturedMessage {
  type: "image_captured";
  payload: ImageCaptured;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** A fault that somebody should know of. */
export interface ErrorMessage {
  type: "error";
  payload: Fault;
  /** The gate; the channel, where the gateway says it to a client. */
  gate_id: GateId | Channel;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** What became of a `gate_control`. */
export interface GateControlResponseMessage {
  type: "gate_control_response";
  payload: Answer;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** What became of a `camera_control`. */
export interface CameraControlResponseMessage {
  type: "camera_control_response";
  payload: Answer;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** Moves a boom or changes the mode of its lane. */
export interface GateControlMessage {
  type: "gate_control";
  payload: GateControl;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** Takes a picture, or starts or stops a stream. */
export interface CameraControlMessage {
  type: "camera_control";
  payload: CameraControl;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** Asks for all states anew. */
export interface RequestStatusMessage {
  type: "request_status";
  payload: RequestStatus;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** Asks for journaled events again. */
export interface RequestEventsMessage {
  type: "request_events";
  payload: RequestEvents;
  /** The gate. */
  gate_id: GateId;
  /** When it happened, at the source: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** The first message on every connection. */
export interface HelloMessage {
  type: "hello";
  payload: Hello;
  /** The client's channel. */
  gate_id: Channel;
  /** When it was said: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
}

/** The current states follow. */
export interface SnapshotBeginMessage {
  type: "snapshot_begin";
  payload: Record<string, unknown>;
  /** The client's channel. */
  gate_id: Channel;
  /** When it was said: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
}

/** The current states are told; what follows happens from here on. */
export interface SnapshotEndMessage {
  type: "snapshot_end";
  payload: Record<string, unknown>;
  /** The client's channel. */
  gate_id: Channel;
  /** When it was said: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
}

/** The answer to a client's `ping`: it is heard. */
export interface PongMessage {
  type: "pong";
  payload: Record<string, unknown>;
  /** The client's channel. */
  gate_id: Channel;
  /** When it was said: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
}

/** On `admin`: a client came. */
export interface SessionOpenedMessage {
  type: "session_opened";
  payload: SessionOpened;
  /** The client's channel. */
  gate_id: Channel;
  /** When it was said: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
}

/** On `admin`: a client left. */
export interface SessionClosedMessage {
  type: "session_closed";
  payload: SessionClosed;
  /** The client's channel. */
  gate_id: Channel;
  /** When it was said: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
}

/** On `admin`: something arrived that is not a message of the contract. */
export interface InvalidMessageMessage {
  type: "invalid_message";
  payload: InvalidMessage;
  /** The client's channel. */
  gate_id: Channel;
  /** When it was said: RFC 3339, UTC, `Z`. */
  timestamp: Timestamp;
  /** Duplicates are recognised by it. */
  id?: Id | null;
}

/** The birth of an agent or gateway, its end, and what is known of it in between. */
export interface SystemStatus {
  /** Whether it runs. */
  state: SystemState;
  /** New at each start. An `offline` whose boot is not the current one is stale. */
  boot: Id;
  /** The version of the program. */
  version?: string | null;
  /** When it started. */
  started_at?: Timestamp | null;
  /** Some of its devices are simulated. */
  simulated?: boolean | null;
  /** The version of the contract it speaks. */
  contract?: string | null;
  /** The id of its journal. */
  journal?: Id | null;
  /** The last sequence number in its journal. */
  last_seq?: number | null;
  /** How many events of its journal no broker has acknowledged. */
  unsent?: number | null;
  /** Its clock, where something is wrong with it. */
  clock?: string | null;
  /** Why it is in this state, for a person. */
  reason?: string | null;
}

/** Which devices of a gate are there. */
export interface HardwareStatus {
  /** The camera. */
  camera: Camera;
  /** The card reader. */
  card_reader: CardReader;
  /** The controller that moves the boom. */
  arduino: Arduino;
}

/** The camera of a gate. */
export interface Camera {
  /** Whether it answers. */
  connected: boolean;
  /** What it does. */
  status?: CameraStatus | null;
  /** What is wrong, for a person. */
  detail?: string | null;
}

/** The card reader of a gate. */
export interface CardReader {
  /** Whether its port is open. */
  connected: boolean;
  /** The serial port: `COM17`, `/dev/serial/by-id/…`. */
  port?: string | null;
  /** What it does: `ready`, `disconnected` or `not_fitted`. */
  status?: string | null;
  /** What is wrong, for a person. */
  detail?: string | null;
}

/** The controller that moves the boom. */
export interface Arduino {
  /** Whether it answers. */
  connected: boolean;
  /** Where the boom is. */
  gate_status: BarrierStatus;
  /** The serial port. */
  port?: string | null;
  /** Whether a vehicle stands on the closing loop. Absent where none is fitted. */
  vehicle_present?: boolean | null;
  /** What the controller calls its firmware. */
  firmware?: string | null;
  /** What is wrong, for a person. */
  detail?: string | null;
}

/** Where the boom of a gate is, and who rules it. */
export interface GateStatus {
  /** Where the boom is. */
  status: BarrierStatus;
  /** Who rules it. */
  mode: LaneMode;
  /** Whether a vehicle stands on the closing loop. Absent where none is fitted. */
  vehicle_present?: boolean | null;
  /** Whether a vehicle stands on the arming loop, in front of the boom. Absent where none is fitted. */
  vehicle_waiting?: boolean | null;
  /** What keeps the gate from working. */
  fault?: GateFault | null;
  /** The last command that was carried out. */
  last_command_id?: Id | null;
  /** What the last movement was made for. */
  moved_by?: MovedBy | null;
  /** Who wanted the mode. */
  mode_owner?: string | null;
  /** Why. */
  mode_reason?: string | null;
  /** When it ends by itself. */
  mode_until?: Timestamp | null;
}

/** A card was read. */
export interface CardDetected {
  /** What the reader read. */
  card_id: string;
  /** Which reader read it. */
  reader?: string | null;
  /** What was decided. */
  decision: Decision;
  /** Why, for a person. */
  reason?: string | null;
}

/** A vehicle went in or out: the business record, once per vehicle. */
export interface Passage {
  /** Shared with the `parking_event` about the same vehicle. */
  event_id: Id;
  /** The card that was granted. */
  card_id?: string | null;
  /** The picture that was taken. */
  image_id?: Id | null;
  /** What opened the gate. */
  trigger: PassageTrigger;
  /** How it is known that the vehicle went through. */
  passage: Confirmation;
}

/** Something notable in the lane. Every entry and exit has one. */
export interface ParkingEvent {
  /** What happened. */
  event: EventName;
  /** Shared with the passage about the same vehicle. */
  event_id?: Id | null;
  /** The card it is about. */
  card_id?: string | null;
  /** The picture that was taken. */
  image_id?: Id | null;
  /** The command it is about. */
  command_id?: Id | null;
  /** More, for a person. */
  detail?: string | null;
}

/** A picture was taken. */
export interface ImageCaptured {
  /** The id under which the gateway serves it. */
  image_id: Id;
  /** `image/jpeg`. */
  content_type: string;
  /** In pixels. */
  width: number;
  /** In pixels. */
  height: number;
  /** In bytes. */
  size: number;
  /** The SHA-256 of its bytes, 64 lower-case hexadecimal digits. */
  sha256: string;
  /**
   * What it was taken for: `start`, `command`, `open` (before the boom goes up), `entry` or
   * `exit`.
   */
  trigger: string;
  /** The event that it belongs to. */
  event_id?: Id | null;
  /** Its path on the gateway. */
  url: string;
}

/** A fault that somebody should know of: the payload of `error`. */
export interface Fault {
  /** Stable, in lower snake case. */
  code: string;
  /** For a person: what, where, and what to do. */
  message: string;
  /** The command that it is about. */
  command_id?: Id | null;
  /** More, for a person. */
  detail?: string | null;
}

/** What became of a command: the payload of `gate_control_response` and `camera_control_response`. */
export interface Answer {
  /** The command that it answers. */
  command_id: Id;
  /** What the command wanted, as it was sent: an unknown action is answered as well. */
  action: string;
  /** How far it got. */
  status: AnswerStatus;
  /** True on `succeeded` and, as the first answer, on `accepted`. */
  success: boolean;
  /** Why it failed. */
  code?: AnswerCode | null;
  /** The same, for a person. */
  message?: string | null;
  /** Where the boom is. */
  gate_status?: BarrierStatus | null;
  /** The picture that was taken. */
  image_id?: Id | null;
  /** The SHA-256 of the picture that was fetched, as in `image_captured`. */
  sha256?: string | null;
  /** Milliseconds since the command arrived. */
  elapsed_ms?: number | null;
}

/** Moves a boom or changes the mode of its lane. */
export interface GateControl {
  /** What to do. */
  action: GateAction;
  /** The gate, where the sender says it once more. */
  gate_id?: GateId | null;
  /**
   * Seconds for which the boom stays fully open before it closes by itself. Absent: as long as
   * the gate is configured to.
   */
  duration?: OpenSeconds | null;
  /** By which the command is recognised. The same id again moves nothing. */
  command_id?: Id | null;
  /** Why, for a person. */
  reason?: string | null;
  /** Who wants it. */
  requested_by?: string | null;
  /** When it is no longer wanted. Absent: 10 s after it was sent. */
  expires_at?: Timestamp | null;
  /** Until when `hold_open` or `hold_closed` lasts. Absent: until `auto`. */
  until?: Timestamp | null;
  /** The card that `open` or `close` decides on. When nobody waits for that, nothing moves. */
  card_id?: string | null;
}

/** Takes a picture, or starts or stops a stream. */
export interface CameraControl {
  /** What to do. */
  action: CameraAction;
  /** The gate, where the sender says it once more. */
  gate_id?: GateId | null;
  /** By which the command is recognised. */
  command_id?: Id | null;
  /** The picture that is wanted, of `fetch`. */
  image_id?: Id | null;
  /** Frames a second of the stream. */
  fps?: number | null;
  /** After how many seconds the stream ends unless it is started anew. Absent: 60. */
  max_seconds?: number | null;
  /** Who wants it. */
  requested_by?: string | null;
  /** When it is no longer wanted. Absent: 10 s after it was sent. */
  expires_at?: Timestamp | null;
}

/** Asks a gate for all its states anew. */
export interface RequestStatus {
  /** The gate, where the sender says it once more. */
  gate_id?: GateId | null;
  /** By which the command is recognised. */
  command_id?: Id | null;
  /** Who wants it. */
  requested_by?: string | null;
}

/** Asks a gate for journaled events again, byte for byte. */
export interface RequestEvents {
  /** The gate, where the sender says it once more. */
  gate_id?: GateId | null;
  /** By which the command is recognised. */
  command_id?: Id | null;
  /** The journal that the numbers are of. Absent: the current one. */
  journal?: Id | null;
  /** The first one wanted. */
  from_seq: number;
  /** The last one wanted. Absent: the newest. */
  to_seq?: number | null;
  /** Who wants it. */
  requested_by?: string | null;
}

/** The first message on every connection. */
export interface Hello {
  /** The gateway's clock. */
  server_time: Timestamp;
  /** The version of the contract. */
  contract: string;
  /** The client's channel. */
  channel: string;
  /** What the client may do. */
  role: string;
  /** For a client that came back: whether it now gets all that it missed. */
  recovered?: boolean | null;
  /**
   * The last event before this moment, if one is kept: a client that is cut off before it has
   * seen an event resumes after this one.
   */
  last_event?: Id | null;
}

export interface SessionOpened {
  /** By which the gateway tells its clients apart. */
  session: number;
  /** The channel. */
  channel: string;
  /** Where the client is. */
  address: string;
  /** Who it is, where there are logins: the user, or whose the token is. */
  user?: string | null;
}

export interface SessionClosed {
  /** By which the gateway tells its clients apart. */
  session: number;
  /** The channel. */
  channel: string;
  /** Why, for a person. */
  reason: string;
}

export interface InvalidMessage {
  /** Where it came from: an MQTT topic or a channel. */
  origin: string;
  /** Its length in bytes. */
  size: number;
  /** What is wrong with it. */
  reason: string;
}

/** Moves a boom or changes the mode of its lane. */
export interface GateControlCommand {
  type: "gate_control";
  payload: GateControl;
  /** The gate. Absent: the one of the topic, the channel or the payload. */
  gate_id?: GateId | null;
  /** When it was sent: RFC 3339, UTC, `Z`. A command lives 10 s from then, unless `expires_at` says less. */
  timestamp?: Timestamp | null;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** Takes a picture, or starts or stops a stream. */
export interface CameraControlCommand {
  type: "camera_control";
  payload: CameraControl;
  /** The gate. Absent: the one of the topic, the channel or the payload. */
  gate_id?: GateId | null;
  /** When it was sent: RFC 3339, UTC, `Z`. A command lives 10 s from then, unless `expires_at` says less. */
  timestamp?: Timestamp | null;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** Asks for all states anew. */
export interface RequestStatusCommand {
  type: "request_status";
  payload: RequestStatus;
  /** The gate. Absent: the one of the topic, the channel or the payload. */
  gate_id?: GateId | null;
  /** When it was sent: RFC 3339, UTC, `Z`. A command lives 10 s from then, unless `expires_at` says less. */
  timestamp?: Timestamp | null;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** Asks for journaled events again. */
export interface RequestEventsCommand {
  type: "request_events";
  payload: RequestEvents;
  /** The gate. Absent: the one of the topic, the channel or the payload. */
  gate_id?: GateId | null;
  /** When it was sent: RFC 3339, UTC, `Z`. A command lives 10 s from then, unless `expires_at` says less. */
  timestamp?: Timestamp | null;
  /** Duplicates are recognised by it. */
  id?: Id | null;
  /** The `id` of the command or event that led to this one. */
  cause?: Id | null;
}

/** Asks whether the gateway hears the client: it is answered with `pong`. */
export interface PingMessage {
  type: "ping";
  /** Nothing. */
  payload?: Record<string, unknown>;
  /** The client's channel. */
  gate_id?: Channel | null;
  /** When it was sent: RFC 3339, UTC, `Z`. */
  timestamp?: Timestamp | null;
  /** Duplicates are recognised by it. */
  id?: Id | null;
}
