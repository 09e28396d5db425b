// The barrier controller of Manless, for an Arduino Uno or Nano (ATmega328P).
//
// It presses the buttons of a barrier's own control by relays, reads its contacts, and speaks with a
// gate agent over USB (README.md). It moves nothing by being switched on, reset or unplugged.
//
// This file is the picture: pins and serial line at the edges, decisions in boom.cpp. Nothing here
// waits, and nothing allocates: each turn of loop() takes far less than the millisecond for which
// the processor then sleeps.

#include <Arduino.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "boom.h"
#include "contact.h"
#include "line.h"
#include "memory.h"
#include "order.h"
#include "pulses.h"
#include "report.h"
#include "reset.h"
#include "settings.h"

static Contact closingLoop(CLOSING_LOOP_PIN, CLOSING_LOOP_WHEN_OCCUPIED);
static Contact armingLoop(ARMING_LOOP_PIN, ARMING_LOOP_WHEN_OCCUPIED);
static Contact limitOpen(LIMIT_OPEN_PIN, LIMIT_OPEN_WHEN_REACHED);
static Contact limitClosed(LIMIT_CLOSED_PIN, LIMIT_CLOSED_WHEN_REACHED);
static Contact manual(MANUAL_PIN, MANUAL_WHEN_ON);
static Contact fire(FIRE_PIN, FIRE_WHEN_ON);
static Contact* const CONTACTS[] = {&closingLoop, &armingLoop, &limitOpen, &limitClosed, &manual, &fire};

static const struct {
  Relay relay;
  uint8_t pin;
} RELAYS[] = {
    {Relay::Open, RELAY_OPEN_PIN}, {Relay::Close, RELAY_CLOSE_PIN}, {Relay::Stop, RELAY_STOP_PIN}};

static Pulses pulses;
static Relay shown;
static Boom boom(pulses);
static LineReader reader;
static Reports reports;

// When a good order was last heard, and whether that is too long ago.
static uint32_t heard;
static bool alone = true;

static State reported;
static uint32_t reportedAt;

static Inputs inputs();
static State state();
static void report(uint32_t now);
static void reportChanges(uint32_t now);
static void watchAgent(uint32_t now);
static void listen(uint32_t now);
static void obey(const char* line, uint32_t now);
static Refusal move(OrderKind kind, uint32_t now);
static void beginRelays();
static void showRelays();

void setup() {
  const uint32_t now = millis();

  beginRelays();
  pinMode(LED_BUILTIN, OUTPUT);
  for (Contact* contact : CONTACTS) contact->begin(now);
  boom.begin(inputs(), recall(), now);
  heard = now;

  Serial.begin(115200);
  // A line that the reset has cut off ends here.
  Serial.write('\n');
  reports.hello(resetCause());
  report(now);

  set_sleep_mode(SLEEP_MODE_IDLE);
  if (WATCHDOG) wdt_enable(WDTO_250MS);
}

void loop() {
  const uint32_t now = millis();
  wdt_reset();

  for (Contact* contact : CONTACTS) contact->update(now);
  boom.update(inputs(), heard, now);
  watchAgent(now);
  listen(now);
  reportChanges(now);

  pulses.update(now);
  if (pulses.active() != shown) showRelays();
  remember(boom.position());
  reports.flush();

  // Until the next byte or the next tick of millis(), whichever comes first.
  sleep_mode();
}

static Inputs inputs() {
  return {limitOpen.isActive(), limitClosed.isActive(), closingLoop.isActive(), manual.isActive(),
          fire.isActive()};
}

static State state() {
  return {boom.position(),  closingLoop.digitOrDash(), armingLoop.digitOrDash(),
          manual.digit(),   fire.digit(),              boom.movedBy()};
}

static void report(uint32_t now) {
  reported = state();
  reportedAt = now;
  reports.state(reported);
}

static void reportChanges(uint32_t now) {
  if (state() != reported || now - reportedAt >= HEARTBEAT_MS) report(now);
}

static void listen(uint32_t now) {
  while (Serial.available() > 0) {
    switch (reader.push(static_cast<char>(Serial.read()))) {
      case LineReader::Result::Line:
        obey(reader.text(), now);
        break;
      case LineReader::Result::Garbled:
        reports.no(0, Refusal::Garbled);
        break;
      case LineReader::Result::Nothing:
        break;
    }
  }
}

// Whoever speaks after a silence may be a person at a serial monitor, who knows no checksums.
static void watchAgent(uint32_t now) {
  const bool silent = now - heard >= SILENCE_MS;
  if (silent == alone) return;

  alone = silent;
  if (alone) reader.forget();
  digitalWrite(LED_BUILTIN, alone ? LOW : HIGH);
}

static void obey(const char* line, uint32_t now) {
  Order order{};

  switch (Order::parse(line, order)) {
    case Order::Result::Unknown:
      return reports.no(order.number, Refusal::Unknown);
    case Order::Result::Malformed:
      return reports.no(0, Refusal::Garbled);
    case Order::Result::Good:
      break;
  }

  heard = now;
  const Refusal refusal = move(order.kind, now);
  if (refusal != Refusal::None) return reports.no(order.number, refusal);

  reports.ok(order.number);
  if (order.kind == OrderKind::Status) report(now);
  if (order.kind == OrderKind::Hello) reports.hello(resetCause());
  reportChanges(now);
}

static Refusal move(OrderKind kind, uint32_t now) {
  switch (kind) {
    case OrderKind::Open:
      return boom.open(now);
    case OrderKind::Close:
      return boom.close(now);
    case OrderKind::Stop:
      return boom.stop(now);
    case OrderKind::Status:
    case OrderKind::Ping:
    case OrderKind::Hello:
      break;
  }
  return Refusal::None;
}

// The level first, so that no relay twitches when its pin becomes an output.
static void beginRelays() {
  showRelays();
  for (const auto& output : RELAYS) pinMode(output.pin, OUTPUT);
}

static void showRelays() {
  shown = pulses.active();
  for (const auto& output : RELAYS) {
    const bool on = shown == output.relay;
    digitalWrite(output.pin, on ? RELAY_ON : !RELAY_ON);
  }
}
