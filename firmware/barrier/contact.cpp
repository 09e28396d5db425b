#include "contact.h"

#include <Arduino.h>

#include "settings.h"

void Contact::begin(uint32_t now) {
  if (isFitted()) pinMode(pin_, INPUT_PULLUP);

  // The pull-up needs some microseconds for a long wire.
  delayMicroseconds(50);
  active_ = seen_ = look();
  seenSince_ = now;
}

void Contact::update(uint32_t now) {
  const bool seen = look();

  if (seen != seen_) {
    seen_ = seen;
    seenSince_ = now;
  }
  if (now - seenSince_ >= DEBOUNCE_MS) active_ = seen_;
}

bool Contact::isFitted() const { return pin_ != NOT_FITTED; }

bool Contact::look() const { return isFitted() && digitalRead(pin_) == activeLevel_; }
