/** What the gateway says of itself at `/status`, asked for again and again while somebody looks. */
import { useEffect, useState } from "react";

export interface Status {
  name: string;
  version: string;
  contract: string;
  uptime: number;
  broker: { connected: boolean; host: string; port: number };
  channels: [name: string, clients: number][];
  controllers: string[];
  gates: [name: string, state: string][];
}

/** Milliseconds between two questions. */
const PACE = 5_000;

/** The status, or nothing while the gateway does not answer. */
export function useStatus(): Status | undefined {
  const [status, setStatus] = useState<Status>();

  useEffect(() => {
    const ended = new AbortController();
    const ask = async () => {
      try {
        const response = await fetch("/status", { signal: ended.signal });
        setStatus(response.ok ? statusOf(await response.json()) : undefined);
      } catch {
        if (!ended.signal.aborted) setStatus(undefined);
      }
    };
    const timer = setInterval(ask, PACE);
    void ask();

    return () => {
      clearInterval(timer);
      ended.abort();
    };
  }, []);

  return status;
}

/** Reads the answer. What is not there is shown as nothing. */
export function statusOf(answer: unknown): Status {
  const told = record(answer);
  const broker = record(told.broker);

  return {
    name: String(told.name ?? ""),
    version: String(told.version ?? ""),
    contract: String(told.contract ?? ""),
    uptime: Number(told.uptime_seconds ?? 0),
    broker: { connected: broker.connected === true, host: String(broker.host ?? ""), port: Number(broker.port ?? 0) },
    channels: Object.entries(record(told.channels)).map(([name, clients]) => [name, Number(clients)]),
    controllers: Array.isArray(told.controllers) ? told.controllers.map(String) : [],
    gates: Object.entries(record(told.gates)).map(([name, gate]) => [name, String(record(gate).state ?? "")]),
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
