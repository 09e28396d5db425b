// Bytes to lines: ends, lengths and checksums. README.md, section 2, says what a line is.
#pragma once

#include <stdint.h>

static const uint8_t MAX_LINE = 96;

class LineReader {
 public:
  enum class Result : uint8_t { Nothing, Line, Garbled };

  // Takes one byte; the one that ends a line tells what it was.
  Result push(char byte);

  // The line, without checksum, until the next byte is pushed.
  const char* text() const { return line_; }

  // Forgets half a line, and that the other side knows checksums: it may be a person now.
  void forget();

 private:
  Result check();

  // Room for a CR, and for the byte that ends the text.
  char line_[MAX_LINE + 2];
  uint8_t length_ = 0;
  bool tooLong_ = false;
  bool checksumRequired_ = false;
};

uint8_t checksum(const char* from, const char* to);
