// The barrier: a drive with buttons OPEN, CLOSE and STOP, a boom, and its limit switches.
#pragma once

#include <stdbool.h>

enum button { BUTTON_OPEN, BUTTON_CLOSE, BUTTON_STOP, BUTTONS };
enum direction { DOWN = -1, STILL = 0, UP = 1 };
// A switch that follows the boom, or one that is stuck or cut off.
enum health { FOLLOWS, STUCK_ON, STUCK_OFF };

// How long the boom takes from one end to the other, in milliseconds; it starts down.
void boom_begin(unsigned travel_ms);

// Tells the drive whether a button is pressed.
void boom_press(enum button button, bool pressed);

// Moves the boom for a millisecond and sets the limit switches.
void boom_run(void);

// Presses a button of the barrier itself, past the controller.
void boom_order(enum direction direction);

// Whether the drive moves the boom, or something is in its way.
void boom_jam(bool jammed);

void boom_switch(bool upper, enum health health);

// Where the boom is, 0 to 1000, and where the drive takes it.
int boom_permille(void);
enum direction boom_direction(void);
