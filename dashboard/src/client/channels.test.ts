import { afterEach, expect, test } from "vitest";

import * as client from "./index.ts";
import { Connection } from "./testing/gateway.ts";

const options = { gateway: "ws://gateway", WebSocket: Connection };

afterEach(client.disconnectAll);

test("the functions of the old system's client give the client of their channel", () => {
  const { getGateInClient, getGateOutClient, getGateAllClient, getAdminClient } = client;
  const connected = [client.connectToGateIn, client.connectToGateOut, client.connectToGateAll, client.connectToAdmin].map(
    (connect) => connect(options),
  );

  expect(connected.map(({ channel }) => channel)).toEqual(["gate_in", "gate_out", "gate_all", "admin"]);
  expect(connected.map((each) => each.getConnectionState())).toEqual(Array(4).fill("CONNECTING"));
  expect([getGateInClient(), getGateOutClient(), getGateAllClient(), getAdminClient()]).toEqual(connected);
  expect(client.connectTo("gate_7", options).channel).toBe("gate_7");
  expect(client.getConnectedChannels()).toEqual([]);
});
