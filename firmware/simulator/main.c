// Runs the barrier controller's firmware on a simulated ATmega328P, with a barrier on its pins.
//
//   simulator FIRMWARE.elf [--port PATH] [--speed N] [--boot-loader MS] [--travel MS]
//
// With --port its serial line is a pseudo-terminal at PATH, and time passes N times as fast as real
// time. Without, time passes when it is told to (orders.h). It tells on standard output what happens:
// "MS said LINE", "MS relay open on", "MS violation: …".
//
// A program of its own, for tests alone: it is linked with simavr, which is under the GPL 3.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "boom.h"
#include "event.h"
#include "orders.h"
#include "simulator.h"
#include "terminal.h"
#include "watch.h"

// What lies further back than this is not caught up with: the machine is too slow.
#define LATE_S 0.5

static const char *port;
static double speed = 1;
static unsigned boot_loader_ms;

static char said[200];
static size_t said_length;

void on_byte(uint8_t byte) {
  terminal_write(&byte, 1);

  if (byte == '\n' || said_length == sizeof said - 1) {
    said[said_length] = '\0';
    if (said_length > 0) event("said %s", said);
    said_length = 0;
  } else {
    said[said_length++] = (char)byte;
  }
}

void on_outputs(void) { watch_relays(); }

void on_watchdog(void) {
  watch_excuse();
  event("watchdog");
}

unsigned simulator_boot_loader_ms(void) { return boot_loader_ms; }

void simulator_tick(void) {
  board_run();
  boom_run();
  watch_run();
}

void simulator_plug(void) {
  board_reset(POWER_ON, 0);
  if (port != NULL && !terminal_plug(port)) exit(1);
}

void simulator_unplug(void) {
  terminal_unplug();
  board_power_off();
  said_length = 0;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);

  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void listen_to_orders(void) {
  static char line[4096];
  static size_t length;
  const ssize_t count = read(STDIN_FILENO, line + length, sizeof line - 1 - length);

  // Whoever started it is gone, or says too much.
  if (count <= 0) exit(0);
  length += (size_t)count;
  line[length] = '\0';

  char *from = line;
  for (char *end; (end = strchr(from, '\n')) != NULL; from = end + 1) {
    *end = '\0';
    obey(from);
  }
  length = strlen(from);
  memmove(line, from, length + 1);
}

static void listen_to_port(void) {
  uint8_t bytes[256];

  if (terminal_look()) {
    event("dtr");
    board_reset(EXTERNAL, boot_loader_ms);
  }
  const size_t count = terminal_read(bytes, sizeof bytes);
  // A line that is full loses what comes, as a real one.
  if (count > 0) board_send(bytes, count);
}

static void wait_for_input(double time) {
  struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                         {.fd = terminal_fd(), .events = POLLIN}};

  poll(fds, 2, time < 0 ? 0 : (int)(time * 1000));
  if (fds[0].revents) listen_to_orders();
}

// Lets time pass at its speed until whoever started it goes away.
static void run_in_time(void) {
  double start = seconds();
  uint64_t start_ms = board_now();

  for (;;) {
    listen_to_port();
    simulator_tick();

    const double ahead = (double)(board_now() - start_ms) / 1000 / speed - (seconds() - start);
    if (ahead < -LATE_S) {
      start = seconds();
      start_ms = board_now();
    }
    wait_for_input(ahead > 0.001 ? ahead : 0);
  }
}

int main(int count, char **arguments) {
  const char *firmware = NULL;
  unsigned travel_ms = 2000;

  for (int at = 1; at < count; at++) {
    const char *value = at + 1 < count ? arguments[at + 1] : "";
    if (arguments[at][0] != '-') {
      firmware = arguments[at];
      continue;
    }
    if (strcmp(arguments[at], "--port") == 0) port = value;
    if (strcmp(arguments[at], "--speed") == 0) speed = atof(value);
    if (strcmp(arguments[at], "--boot-loader") == 0) boot_loader_ms = (unsigned)atoi(value);
    if (strcmp(arguments[at], "--travel") == 0) travel_ms = (unsigned)atoi(value);
    at++;
  }
  if (firmware == NULL || speed <= 0 || travel_ms == 0) {
    fprintf(stderr, "usage: simulator FIRMWARE.elf [--port PATH] [--speed N] [--boot-loader MS] [--travel MS]\n");
    return 64;
  }
  if (!board_load(firmware)) return 1;

  boom_begin(travel_ms);
  set_all_off();
  atexit(terminal_unplug);
  if (port == NULL) {
    for (;;) listen_to_orders();
  }
  if (!terminal_plug(port)) return 1;
  event("ready");
  run_in_time();
}
