// The configuration, checked: what cannot work does not compile, and says why.
#pragma once

#include <stdint.h>

// The words of config.h. Contacts lie between a pin with a pull-up and GND.
#define NOT_FITTED 255
#define OPENS 1
#define CLOSES 0

// Tests compile other configurations.
#ifdef CONFIG
#include CONFIG
#else
#include "config.h"
#endif

static const uint32_t HEARTBEAT_MS = 1000;
static const uint32_t SILENCE_MS = 5000;
// How long the controller looks at its contacts after a start before the fire alarm moves anything.
static const uint32_t SETTLE_MS = 1000;

static_assert(PULSE_MS >= 50 && PULSE_MS <= 5000, "PULSE_MS: 50 to 5000 milliseconds");
static_assert(RELAY_GAP_MS >= 20 && RELAY_GAP_MS <= 500, "RELAY_GAP_MS: 20 to 500 milliseconds");
static_assert(DEBOUNCE_MS >= 2 && DEBOUNCE_MS <= 200, "DEBOUNCE_MS: 2 to 200 milliseconds");
static_assert(TRAVEL_MS >= 500 && TRAVEL_MS <= 120000, "TRAVEL_MS: 500 to 120000 milliseconds");
static_assert(TRAVEL_MAX_MS >= TRAVEL_MS, "TRAVEL_MAX_MS: not less than TRAVEL_MS");
static_assert(TRAVEL_MAX_MS <= 300000, "TRAVEL_MAX_MS: at most 300000 milliseconds");
static_assert(RELAY_OPEN_PIN != NOT_FITTED && RELAY_CLOSE_PIN != NOT_FITTED &&
                  RELAY_STOP_PIN != NOT_FITTED,
              "the three relays have to be fitted");

// Pins 0 and 1 are the serial line, and 13 has the lamp. 14 to 19 are A0 to A5.
constexpr bool isPin(uint8_t pin) { return pin == NOT_FITTED || (pin >= 2 && pin <= 19 && pin != 13); }

constexpr uint32_t pinBit(uint8_t pin) { return pin == NOT_FITTED ? 0 : 1UL << pin; }

static_assert(isPin(CLOSING_LOOP_PIN) && isPin(ARMING_LOOP_PIN) && isPin(LIMIT_OPEN_PIN) &&
                  isPin(LIMIT_CLOSED_PIN) && isPin(MANUAL_PIN) && isPin(FIRE_PIN) &&
                  isPin(RELAY_OPEN_PIN) && isPin(RELAY_CLOSE_PIN) && isPin(RELAY_STOP_PIN),
              "a pin is 2 to 12, 14 to 19 or NOT_FITTED");
// What stands twice is counted twice in the sum, and once in the union.
static_assert(pinBit(CLOSING_LOOP_PIN) + pinBit(ARMING_LOOP_PIN) + pinBit(LIMIT_OPEN_PIN) +
                      pinBit(LIMIT_CLOSED_PIN) + pinBit(MANUAL_PIN) + pinBit(FIRE_PIN) +
                      pinBit(RELAY_OPEN_PIN) + pinBit(RELAY_CLOSE_PIN) + pinBit(RELAY_STOP_PIN) ==
                  (pinBit(CLOSING_LOOP_PIN) | pinBit(ARMING_LOOP_PIN) | pinBit(LIMIT_OPEN_PIN) |
                   pinBit(LIMIT_CLOSED_PIN) | pinBit(MANUAL_PIN) | pinBit(FIRE_PIN) |
                   pinBit(RELAY_OPEN_PIN) | pinBit(RELAY_CLOSE_PIN) | pinBit(RELAY_STOP_PIN)),
              "two things are wired to one pin");
