#include "orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "boom.h"
#include "event.h"
#include "simulator.h"
#include "watch.h"
#include "wiring.h"

static bool is(const char *word, const char *other) { return strcmp(word, other) == 0; }

static void set_contact(int pin, int when, bool on) { board_close_contact(pin, on == (when == CLOSES)); }

static bool set(const char *name, bool on) {
  if (is(name, "loop")) {
    watch_loop(on);
    set_contact(CLOSING_LOOP_PIN, CLOSING_LOOP_WHEN_OCCUPIED, on);
  } else if (is(name, "arming")) {
    set_contact(ARMING_LOOP_PIN, ARMING_LOOP_WHEN_OCCUPIED, on);
  } else if (is(name, "manual")) {
    set_contact(MANUAL_PIN, MANUAL_WHEN_ON, on);
  } else if (is(name, "fire")) {
    watch_fire(on);
    set_contact(FIRE_PIN, FIRE_WHEN_ON, on);
  } else if (is(name, "jam")) {
    boom_jam(on);
  } else {
    return false;
  }
  return true;
}

void set_all_off(void) {
  set("loop", false);
  set("arming", false);
  set("manual", false);
  set("fire", false);
}

static bool press_by_hand(const char *button) {
  const bool up = is(button, "open"), down = is(button, "close");
  if (!up && !down && !is(button, "stop")) return false;

  watch_hand();
  boom_order(up ? UP : down ? DOWN : STILL);
  return true;
}

static bool set_switch(const char *which, const char *health) {
  const bool upper = is(which, "open");
  if (!upper && !is(which, "closed")) return false;

  boom_switch(upper, is(health, "follows") ? FOLLOWS : is(health, "on") ? STUCK_ON : STUCK_OFF);
  watch_broken_switch();
  return true;
}

static bool send_hex(const char *hex) {
  uint8_t bytes[1024];
  size_t count = 0;

  for (unsigned byte; count < sizeof bytes && sscanf(hex, "%2x", &byte) == 1; hex += 2) {
    bytes[count++] = (uint8_t)byte;
    if (hex[1] == '\0') break;
  }
  return board_send(bytes, count);
}

static bool happen(const char *what) {
  if (is(what, "reset")) {
    board_reset(EXTERNAL, simulator_boot_loader_ms());
  } else if (is(what, "hang")) {
    board_hang();
  } else if (is(what, "unplug")) {
    simulator_unplug();
  } else if (is(what, "plug")) {
    simulator_plug();
  } else {
    return false;
  }
  watch_excuse();
  return true;
}

static bool try(const char *line) {
  char word[3][16] = {"", "", ""};
  const int words = sscanf(line, "%15s %15s %15s", word[0], word[1], word[2]);

  if (words == 2 && is(word[0], "run")) {
    for (long left = strtol(word[1], NULL, 10); left > 0; left--) simulator_tick();
    return true;
  }
  if (strncmp(line, "type ", 5) == 0) {
    return board_send((const uint8_t *)line + 5, strlen(line + 5)) && board_send((const uint8_t *)"\n", 1);
  }
  if (strncmp(line, "bytes ", 6) == 0) return send_hex(line + 6);
  if (words == 2 && (is(word[1], "on") || is(word[1], "off"))) return set(word[0], is(word[1], "on"));
  if (words == 2 && is(word[0], "hand")) return press_by_hand(word[1]);
  if (words == 3 && is(word[0], "switch")) return set_switch(word[1], word[2]);
  if (words == 1 && is(word[0], "quit")) exit(0);
  return words == 1 && happen(word[0]);
}

void obey(const char *line) {
  const bool obeyed = try(line);

  event("%s boom=%d", obeyed ? "done" : "what?", boom_permille());
}
