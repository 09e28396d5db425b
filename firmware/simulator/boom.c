#include "boom.h"

#include <stdint.h>

#include "board.h"
#include "wiring.h"

// A drive takes no notice of a button that is pressed for less.
#define NOTICED_MS 50

static unsigned travel = 2000;
static unsigned raised;  // 0 to travel
static enum direction direction;
static bool jammed;
static unsigned pressed_for[BUTTONS];
static bool pressed[BUTTONS];
static enum health switches[2];

static void set_switch(bool upper) {
  const int pin = upper ? LIMIT_OPEN_PIN : LIMIT_CLOSED_PIN;
  const int when = upper ? LIMIT_OPEN_WHEN_REACHED : LIMIT_CLOSED_WHEN_REACHED;
  const bool there = raised == (upper ? travel : 0);
  const enum health health = switches[upper];
  const bool on = health == FOLLOWS ? there : health == STUCK_ON;
  static int8_t set[2] = {-1, -1};

  if (set[upper] == on) return;
  set[upper] = on;
  board_close_contact(pin, on == (when == CLOSES));
}

static void set_switches(void) {
  set_switch(false);
  set_switch(true);
}

void boom_begin(unsigned travel_ms) {
  travel = travel_ms;
  set_switches();
}

void boom_press(enum button button, bool now) {
  pressed[button] = now;
  if (!now) pressed_for[button] = 0;
}

void boom_run(void) {
  static const enum direction meaning[BUTTONS] = {UP, DOWN, STILL};

  for (int button = 0; button < BUTTONS; button++) {
    if (pressed[button] && ++pressed_for[button] == NOTICED_MS) direction = meaning[button];
  }
  if (!jammed && direction == UP && raised < travel) raised++;
  if (!jammed && direction == DOWN && raised > 0) raised--;
  if (raised == (direction == UP ? travel : 0) && !jammed) direction = STILL;
  set_switches();
}

void boom_order(enum direction wanted) { direction = wanted; }

void boom_jam(bool is_jammed) { jammed = is_jammed; }

void boom_switch(bool upper, enum health health) {
  switches[upper] = health;
  set_switches();
}

int boom_permille(void) { return (int)(1000ull * raised / travel); }
enum direction boom_direction(void) { return direction; }
