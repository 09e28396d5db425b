// A contact between a pin and GND, without its bouncing.
#pragma once

#include <stdint.h>

class Contact {
 public:
  Contact(uint8_t pin, uint8_t activeLevel) : pin_(pin), activeLevel_(activeLevel) {}

  // Takes the contact as it is: nothing has changed by being switched on.
  void begin(uint32_t now);

  // Looks at the pin; what is new counts after it has stayed for DEBOUNCE_MS.
  void update(uint32_t now);

  bool isFitted() const;
  bool isActive() const { return active_; }

  // As it stands in STATE, where what is not fitted counts as off, or is said to be missing.
  char digit() const { return active_ ? '1' : '0'; }
  char digitOrDash() const { return isFitted() ? digit() : '-'; }

 private:
  bool look() const;

  uint8_t pin_;
  uint8_t activeLevel_;
  bool active_ = false;
  bool seen_ = false;
  uint32_t seenSince_ = 0;
};
