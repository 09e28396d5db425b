/** What this library uses of a WebSocket: that of a browser, of Node 22, or of the package `ws`. */
export interface Socket {
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export type SocketClass = new (url: string, protocols?: string[]) => Socket;

/** Where a channel is: `gateway` is `http://…` or `ws://…`, or nothing on a page that the gateway serves. */
export function addressOf(gateway: string | undefined, channel: string, after: string | undefined): string {
  const base = gateway ?? globalThis.location?.origin ?? "ws://localhost:8000";
  const url = new URL(`${base.replace(/^http/, "ws").replace(/\/$/, "")}/ws/${channel}`);
  if (after) url.searchParams.set("after", after);

  return url.href;
}
