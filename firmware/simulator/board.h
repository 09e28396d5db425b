// The board: an ATmega328P that runs the firmware, with its pins, its serial line and its resets.
//
// Pins are numbered as on an Arduino. Time is simulated, in milliseconds since the start, and goes on
// over resets.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reset { POWER_ON = 1, EXTERNAL = 2 };

// Loads an ELF file; false with a message where that cannot be done.
bool board_load(const char *path);

uint64_t board_now(void);

// Lets a millisecond pass.
void board_run(void);

// Resets the controller and keeps its program from running for so long, as a boot loader does. What
// arrives on its serial line meanwhile is lost. After power-on its memory holds anything.
void board_reset(enum reset cause, unsigned hold_ms);

// Takes away the power. board_reset(POWER_ON, …) brings it back.
void board_power_off(void);

// Whether the program runs, and since when.
bool board_runs(void);
uint64_t board_runs_since(void);

// Catches the program in an endless loop.
void board_hang(void);

// Connects a pin with GND, or leaves it open.
void board_close_contact(int pin, bool closed);

// Whether the program drives this pin to this level, or at all.
#define HIGH_OR_LOW (-1)
bool board_drives(int pin, int level);

// Sends bytes to the controller at the pace of its line. False where too many wait already.
bool board_send(const uint8_t *bytes, size_t count);

// What the board calls: a byte that the controller sends; a change of its outputs; its own reset.
void on_byte(uint8_t byte);
void on_outputs(void);
void on_watchdog(void);
