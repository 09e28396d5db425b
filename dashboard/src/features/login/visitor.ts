/** Who looks, and what the gateway lets them do. It decides; the dashboard only shows no button that it would refuse. */

/** All gates, or some. */
export type Reach = "all" | readonly string[];

export interface Visitor {
  user: string;
  role: string;
  /** Whether the gateway has logins at all. */
  logins: boolean;
  canLogOut: boolean;
  see: Reach;
  command: Reach;
  admin: boolean;
}

/** Who is there at a gateway without logins. */
export const ANONYMOUS: Visitor = {
  user: "anonymous",
  role: "operator",
  logins: false,
  canLogOut: false,
  see: "all",
  command: "all",
  admin: true,
};

/** Whether somebody may move the boom of a gate. */
export function commands({ command }: Visitor, gate: string): boolean {
  return command === "all" || command.includes(gate);
}

/** Reads the gateway's answer. What it does not say is not allowed. */
export function visitorOf(answer: unknown): Visitor {
  const told = record(answer);
  const may = record(told.may);

  return {
    user: String(told.user ?? ANONYMOUS.user),
    role: String(told.role ?? ""),
    logins: told.logins === true,
    canLogOut: told.can_log_out === true,
    see: reach(may.see),
    command: reach(may.command),
    admin: may.admin === true,
  };
}

function reach(value: unknown): Reach {
  if (value === "all") return "all";

  return Array.isArray(value) ? value.map(String) : [];
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
