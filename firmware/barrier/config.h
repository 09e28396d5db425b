// What is wired to this controller and how fast its boom is: the one file to edit.
//
// docs/hardware.md draws the terminals. After a change, compile and upload again.
#pragma once

// Inputs: a pin, or NOT_FITTED; and what the contact between that pin and GND does in the case that
// it is there to tell. A contact that OPENS tells it as well when its wire breaks or its device has
// no power: choose that where the alternative is a boom on a car. Pins 2 and 3 are left free for a
// Wiegand reader, whose two wires need them.

// The loop under the boom. Occupied: the boom is not closed, and opened where it is closing.
#define CLOSING_LOOP_PIN 4
#define CLOSING_LOOP_WHEN_OCCUPIED OPENS

// The loop in front of the boom. It is reported, and moves nothing.
#define ARMING_LOOP_PIN NOT_FITTED
#define ARMING_LOOP_WHEN_OCCUPIED OPENS

// The limit switches. Without one, the boom counts as there when TRAVEL_MS have passed.
#define LIMIT_OPEN_PIN 6
#define LIMIT_OPEN_WHEN_REACHED CLOSES
#define LIMIT_CLOSED_PIN 7
#define LIMIT_CLOSED_WHEN_REACHED CLOSES

// A key switch or push button that opens. While it is on, the boom is not closed.
#define MANUAL_PIN 11
#define MANUAL_WHEN_ON CLOSES

// The contact of the fire alarm. While it is on, the boom opens and is not closed.
#define FIRE_PIN 12
#define FIRE_WHEN_ON OPENS

// Outputs: the relays that press the buttons OPEN, CLOSE and STOP of the barrier's own control.
// RELAY_ON is the level at which a relay pulls in: HIGH, or LOW for most boards with opto-couplers.
#define RELAY_OPEN_PIN 8
#define RELAY_CLOSE_PIN 9
#define RELAY_STOP_PIN 10
#define RELAY_ON HIGH

// Times, in milliseconds.
#define PULSE_MS 500        // how long a relay presses its button
#define RELAY_GAP_MS 100    // between letting one button go and pressing another
#define DEBOUNCE_MS 20      // how long a contact has to stay before it counts
#define TRAVEL_MS 8000      // a whole movement, where there is no limit switch to tell; rather too long
#define TRAVEL_MAX_MS 30000 // after which a movement with limit switches has failed

// A controller that hangs starts anew after a quarter of a second. The boot loader of old Nanos ("ATmega328P
// (Old Bootloader)") never comes out of that: burn the current one, or set this to 0.
#define WATCHDOG 1
