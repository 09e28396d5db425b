// What has to hold whatever happens. What does not is told as a "violation".
//
//   1. No two relays are on at once, and none within 50 ms of another.
//   2. No relay is on for longer than its pulse, or in the first 100 ms of a program that starts.
//   3. The relay that closes is not on while the loop is occupied or the fire contact is on.
//   4. A boom that the controller is closing is stopped or opened when the loop becomes occupied, as long as
//      its limit switches are sound.
//
// All with the time that contacts need to be believed, and relays to let go.
#pragma once

#include <stdbool.h>

#include "boom.h"

// The contacts outside.
void watch_loop(bool occupied);
void watch_fire(bool on);

// The outputs have changed, or a millisecond has passed.
void watch_relays(void);
void watch_run(void);

// The controller was reset, hung or without power: it cannot be held to what it did not see.
void watch_excuse(void);

// Somebody has told the drive to do something, past the controller.
void watch_hand(void);

// A limit switch tells what is not so: the controller cannot know better.
void watch_broken_switch(void);

bool watch_relay(enum button button);
