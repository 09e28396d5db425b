import { expect, test } from "vitest";

import type { Message } from "./contract.ts";
import { Ledger } from "./ledger.ts";

test("only so many ids are remembered: the newest", () => {
  const ledger = new Ledger();
  for (let n = 0; n <= 10_000; n++) ledger.take(event(`e${n}`));

  expect(ledger.take(event("e1")).is).toBe("duplicate");
  expect(ledger.take(event("e0")).is).toBe("new");
});

test("a state that comes twice is no duplicate: an agent tells it again when it is asked", () => {
  const ledger = new Ledger();
  const state: Message = {
    type: "gate_status",
    payload: { status: "open", mode: "auto" },
    gate_id: "gate_in",
    timestamp: "2024-01-20T10:30:00Z",
    id: "s1",
  };

  expect([ledger.take(state).is, ledger.take(state).is]).toEqual(["new", "new"]);
});

function event(id: string): Message {
  return {
    type: "parking_event",
    payload: { event: "entry" },
    gate_id: "gate_in",
    timestamp: "2024-01-20T10:30:00Z",
    id,
  };
}
