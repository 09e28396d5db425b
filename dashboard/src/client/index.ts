/** A client of a Manless gateway: what happens at the gates, and commands to them. README.md has examples. */
export * from "./channels.ts";
export {
  type About,
  type ClientEvents,
  type ClientOptions,
  type Connected,
  type ConnectionState,
  type Details,
  type Disconnected,
  type Gap,
  GateClient,
  type Heard,
} from "./client.ts";
export { CommandError, PendingCommand } from "./commands.ts";
export type * from "./contract.ts";
export type { Skipped } from "./ledger.ts";
export { type MessageOf, type MessageType, isAnswer, isEvent } from "./message.ts";
export type { Patience } from "./pulse.ts";
