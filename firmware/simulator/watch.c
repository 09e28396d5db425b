#include "watch.h"

#include <stdint.h>

#include "board.h"
#include "event.h"
#include "wiring.h"

#define BELIEVED_MS (DEBOUNCE_MS + 20)
#define REACTS_MS (BELIEVED_MS + RELAY_GAP_MS + 150)
#define START_MS 100

static const char *const NAMES[BUTTONS] = {"open", "close", "stop"};
static const int PINS[BUTTONS] = {RELAY_OPEN_PIN, RELAY_CLOSE_PIN, RELAY_STOP_PIN};

static bool on[BUTTONS];
static uint64_t changed[BUTTONS];
static bool occupied, fire;
static uint64_t occupied_since, fire_since;
static uint64_t excused;
// The drive goes down because the controller has told it to.
static bool closing;
static bool blind;

static uint64_t since(uint64_t time) { return board_now() - time; }

void watch_loop(bool is_occupied) {
  if (occupied != is_occupied) occupied_since = board_now();
  occupied = is_occupied;
}

void watch_fire(bool is_on) {
  if (fire != is_on) fire_since = board_now();
  fire = is_on;
}

void watch_excuse(void) { excused = board_now(); }
void watch_hand(void) { closing = false; }

void watch_broken_switch(void) {
  blind = true;
  closing = false;
}

bool watch_relay(enum button button) { return on[button]; }

static void went_on(enum button button) {
  for (int other = 0; other < BUTTONS; other++) {
    if (other == (int)button) continue;
    if (on[other]) violation("the relays %s and %s are on at once", NAMES[button], NAMES[other]);
    if (changed[other] > 0 && since(changed[other]) < 50) {
      violation("the relay %s is on %llu ms after %s", NAMES[button],
                (unsigned long long)since(changed[other]), NAMES[other]);
    }
  }
  if (since(board_runs_since()) < START_MS) {
    violation("the relay %s is on when the program starts", NAMES[button]);
  }
  closing = button == BUTTON_CLOSE && !blind;
}

void watch_relays(void) {
  for (int button = 0; button < BUTTONS; button++) {
    const bool now = board_drives(PINS[button], RELAY_ON);
    if (now == on[button]) continue;

    if (now) went_on((enum button)button);
    on[button] = now;
    changed[button] = board_now();
    boom_press((enum button)button, now);
    event("relay %s %s", NAMES[button], now ? "on" : "off");
  }
}

static void watch_pulses(void) {
  for (int button = 0; button < BUTTONS; button++) {
    if (on[button] && since(changed[button]) == PULSE_MS + 20) {
      violation("the relay %s is on for too long", NAMES[button]);
    }
  }
}

static void watch_loop_and_fire(void) {
  const bool believed = occupied && since(occupied_since) > BELIEVED_MS && since(excused) > BELIEVED_MS;
  const bool burns = fire && since(fire_since) > BELIEVED_MS && since(excused) > BELIEVED_MS;

  if (on[BUTTON_CLOSE] && believed) violation("the boom is closed on an occupied loop");
  if (on[BUTTON_CLOSE] && burns) violation("the boom is closed while the fire contact is on");
  if (closing && boom_direction() == DOWN && occupied && since(occupied_since) > REACTS_MS &&
      since(excused) > REACTS_MS) {
    violation("the boom goes on closing on an occupied loop");
    closing = false;
  }
}

void watch_run(void) {
  watch_relays();
  if (!board_runs()) {
    watch_excuse();
    return;
  }

  watch_pulses();
  watch_loop_and_fire();
}
