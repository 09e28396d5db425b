// What the controller says: README.md, section 4. Whole lines, or nothing.
#pragma once

#include <stdint.h>

#include "boom.h"

// Everything that a STATE line says; the contacts as they stand in it: '0', '1' or '-'.
struct State {
  Position position;
  char closingLoop;
  char armingLoop;
  char manual;
  char fire;
  Cause movedBy;
};

bool operator!=(const State& one, const State& other);

// Lines that wait until the serial line takes them. One that does not fit is dropped: the next STATE
// says it all again.
class Reports {
 public:
  void ok(uint16_t number);
  void no(uint16_t number, Refusal reason);
  void hello(const char* resetCause);
  void state(const State& state);

  // Hands over as many bytes as the serial line takes without waiting.
  void flush();

 private:
  void put(char byte);
  void text(const char* text);
  void number(uint16_t number);
  void end();

  // Its size makes the positions wrap by themselves.
  char bytes_[256];
  uint8_t first_ = 0;
  uint8_t last_ = 0;
  // The line that is being written: where it ends so far, its checksum, and whether it fits.
  uint8_t next_ = 0;
  uint8_t sum_ = 0;
  bool fits_ = true;
};
