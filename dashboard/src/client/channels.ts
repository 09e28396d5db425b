/** One client for each channel, shared by all who ask for it. */
import { type ClientOptions, GateClient } from "./client.ts";

const clients = new Map<string, GateClient>();

/** The client of a channel: a gate, `gate_all` or `admin`. The options count when it is first asked for. */
export function getClient(channel = "gate_all", options: ClientOptions = {}): GateClient {
  const client = clients.get(channel) ?? new GateClient(channel, options);
  clients.set(channel, client);

  return client;
}

/** The client of a channel, connected or about to be. */
export function connectTo(channel: string, options: ClientOptions = {}): GateClient {
  const client = getClient(channel, options);
  client.connect();

  return client;
}

/** Disconnects every client that was asked for here. */
export function disconnectAll(): void {
  for (const client of clients.values()) client.disconnect();
}

/** The channels that are connected. */
export function getConnectedChannels(): string[] {
  return [...clients].filter(([, client]) => client.isConnected()).map(([channel]) => channel);
}

export const connectToGateIn = (options?: ClientOptions) => connectTo("gate_in", options);
export const connectToGateOut = (options?: ClientOptions) => connectTo("gate_out", options);
export const connectToGateAll = (options?: ClientOptions) => connectTo("gate_all", options);
export const connectToAdmin = (options?: ClientOptions) => connectTo("admin", options);

export const getGateInClient = (options?: ClientOptions) => getClient("gate_in", options);
export const getGateOutClient = (options?: ClientOptions) => getClient("gate_out", options);
export const getGateAllClient = (options?: ClientOptions) => getClient("gate_all", options);
export const getAdminClient = (options?: ClientOptions) => getClient("admin", options);
