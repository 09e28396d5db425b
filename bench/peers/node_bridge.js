// A peer of the benchmarks: the bridge that one writes with the customary packages of Node.js.
// Usage: PORT BROKER_PORT
const mqtt = require("mqtt");
const { WebSocketServer } = require("ws");

const [port, brokerPort] = process.argv.slice(2).map(Number);
const ALL_GATES = "gate_all";
const channels = new Map();

const broker = mqtt.connect({ host: "127.0.0.1", port: brokerPort });
broker.on("message", (topic, payload) => {
  const text = payload.toString();
  for (const channel of [topic.split("/")[1], ALL_GATES]) {
    for (const socket of channels.get(channel) ?? []) socket.send(text);
  }
});

broker.subscribe("parking/#", { qos: 1 }, () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port, perMessageDeflate: false, backlog: 1024 });
  server.on("connection", (socket, request) => {
    const channel = request.url.split("/").pop();
    if (!channels.has(channel)) channels.set(channel, new Set());
    channels.get(channel).add(socket);
    socket.on("message", (command) => {
      broker.publish(`parking/${channel}/gate_control`, command, { qos: 1 });
    });
    socket.on("close", () => channels.get(channel).delete(socket));
    socket.on("error", () => socket.terminate());
  });
});
