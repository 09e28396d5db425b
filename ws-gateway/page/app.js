// Shows every gate that is heard of on /ws/gate_all, and sends commands.

const EVENTS = 6;
const SHORTEST_WAIT = 500;
const LONGEST_WAIT = 8000;

const cards = new Map();
const sent = new Map();
let socket = null;
let lastEvent = null;
let wait = SHORTEST_WAIT;

connect();

function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const after = lastEvent ? `?after=${encodeURIComponent(lastEvent)}` : "";
  socket = new WebSocket(`${scheme}//${location.host}/ws/gate_all${after}`);
  socket.onopen = () => show("connected", "Connected");
  socket.onmessage = (frame) => receive(JSON.parse(frame.data));
  socket.onclose = reconnect;
}

function reconnect() {
  show("lost", "Connection lost – trying again. What you see may be old.");
  cards.forEach(refreshButtons);
  setTimeout(connect, wait * (0.5 + Math.random() / 2));
  wait = Math.min(wait * 2, LONGEST_WAIT);
}

function show(connection, text) {
  const line = document.getElementById("connection");
  line.dataset.connection = connection;
  line.textContent = text;
}

function receive(message) {
  switch (message.type) {
    case "hello":
      wait = SHORTEST_WAIT;
      return;
    case "snapshot_begin":
      return;
    case "snapshot_end":
      cards.forEach(refreshButtons);
      return;
  }
  if (message.type === "error" && message.gate_id === "gate_all") {
    showRefusal(message.payload);
    return;
  }
  if (/^bridge(-|$)/.test(message.gate_id)) return;

  const card = cardOf(message.gate_id);
  switch (message.type) {
    case "system_status": showSystem(card, message.payload); break;
    case "hardware_status": showHardware(card, message.payload); break;
    case "gate_status": showBarrier(card, message.payload); break;
    case "gate_control_response": showAnswer(card, message.payload); remember(message); break;
    case "camera_control_response": remember(message); break;
    case "image_captured": showPicture(card); remember(message); break;
    default: showEvent(card, message); remember(message);
  }
}

function remember(message) {
  if (message.id) lastEvent = message.id;
}

function cardOf(gate) {
  const known = cards.get(gate);
  if (known) return known;

  const card = document.getElementById("gate").content.cloneNode(true).firstElementChild;
  Object.assign(card.dataset, { gate, state: "unknown", status: "unknown", vehicle: "unknown" });
  card.setAttribute("aria-label", gate);
  field(card, "name").textContent = gate;
  for (const button of card.querySelectorAll("button")) {
    button.setAttribute("aria-label", `${button.textContent} ${gate}`);
    button.onclick = () => command(card, button.dataset.action);
  }
  card.querySelector(".picture").onerror = (event) => { event.target.hidden = true; };
  cards.set(gate, card);
  insertInOrder(card);
  refreshButtons(card);

  return card;
}

function insertInOrder(card) {
  const main = document.getElementById("gates");
  const next = [...main.querySelectorAll(".gate")].find((other) => other.dataset.gate > card.dataset.gate);

  main.insertBefore(card, next ?? null);
}

function field(card, name) {
  return card.querySelector(`[data-field="${name}"]`);
}

function words(text) {
  return String(text).replaceAll("_", " ");
}

function showSystem(card, { state, simulated }) {
  card.dataset.state = state;
  field(card, "state").textContent = simulated ? `${words(state)} · simulated` : words(state);
  refreshButtons(card);
}

function showHardware(card, payload) {
  for (const item of card.querySelectorAll("[data-device]")) {
    const device = payload[item.dataset.device];
    item.dataset.connected = device.connected;
    item.title = device.detail ?? (device.connected ? "connected" : "not connected");
  }
  if (payload.camera.connected && !card.querySelector(".picture").src) showPicture(card);
  // A controller that knows nothing else tells the barrier's position here.
  if (!card.dataset.detailed) showPosition(card, payload.arduino.gate_status, payload.arduino.vehicle_present);
}

function showBarrier(card, { status, mode, vehicle_present, fault }) {
  card.dataset.detailed = "true";
  card.dataset.mode = mode;
  field(card, "mode").textContent = words(mode);
  field(card, "fault").hidden = !fault;
  field(card, "fault").textContent = fault ? `Fault: ${words(fault)}` : "";
  showPosition(card, status, vehicle_present);
}

function showPosition(card, status, vehicle) {
  card.dataset.status = status;
  card.dataset.vehicle = vehicle === undefined ? "unknown" : vehicle ? "present" : "none";
  field(card, "barrier").textContent = words(status);
  field(card, "vehicle").textContent = vehicle === undefined ? "no loop" : vehicle ? "present" : "none";
}

function showPicture(card) {
  const image = card.querySelector(".picture");
  image.onload = () => { image.hidden = false; };
  image.alt = `Latest picture of ${card.dataset.gate}`;
  image.src = `/gates/${card.dataset.gate}/image.jpg?${Date.now()}`;
}

function showEvent(card, { type, payload, timestamp }) {
  const line = document.createElement("li");
  const time = document.createElement("time");
  time.dateTime = timestamp;
  time.textContent = new Date(timestamp).toLocaleTimeString();
  line.dataset.event = payload.event ?? type;
  line.append(time, describe(type, payload));

  const events = field(card, "events");
  events.prepend(line);
  while (events.children.length > EVENTS) events.lastElementChild.remove();
}

function describe(type, payload) {
  switch (type) {
    case "card_detected": return `card ${payload.card_id}: ${words(payload.decision)}`;
    case "parking_event": return [words(payload.event), payload.card_id && `card ${payload.card_id}`, payload.detail].filter(Boolean).join(" · ");
    case "parking_entry": return "vehicle in";
    case "parking_exit": return "vehicle out";
    case "error": return `fault: ${payload.message}`;
    default: return words(type);
  }
}

function refreshButtons(card) {
  const runs = ["online", "degraded"].includes(card.dataset.state) || card.dataset.state === "unknown" && card.dataset.status !== "unknown";
  const possible = runs && socket?.readyState === WebSocket.OPEN;
  for (const button of card.querySelectorAll("button")) button.disabled = !possible;
}

function command(card, action) {
  const gate = card.dataset.gate;
  const command_id = crypto.randomUUID();
  sent.set(command_id, card);
  if (sent.size > 100) sent.delete(sent.keys().next().value);
  socket.send(JSON.stringify({ type: "gate_control", payload: { action, gate_id: gate, command_id } }));
  tell(card, "sent", `${words(action)}: sent`);
}

function showAnswer(card, { action, status, message, code }) {
  const why = message ?? (code && words(code));
  tell(card, status, `${words(action)}: ${words(status)}${why ? ` – ${why}` : ""}`);
}

function showRefusal({ command_id, message }) {
  const card = sent.get(command_id);
  if (card) tell(card, "failed", message);
}

function tell(card, answer, text) {
  const line = field(card, "answer");
  line.dataset.answer = answer;
  line.textContent = text;
}
