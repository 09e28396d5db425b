#include "line.h"

#include <string.h>

// The value of a hexadecimal digit, or -1.
static int8_t hex(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

LineReader::Result LineReader::push(char byte) {
  if (byte != '\n') {
    if (length_ > MAX_LINE) {
      tooLong_ = true;
    } else {
      line_[length_++] = byte;
    }
    return Result::Nothing;
  }

  const Result result = check();
  length_ = 0;
  tooLong_ = false;

  return result;
}

void LineReader::forget() {
  length_ = 0;
  tooLong_ = false;
  checksumRequired_ = false;
}

LineReader::Result LineReader::check() {
  if (length_ > 0 && line_[length_ - 1] == '\r') length_--;
  if (tooLong_ || length_ > MAX_LINE) return Result::Garbled;
  if (length_ == 0) return Result::Nothing;

  line_[length_] = '\0';
  for (uint8_t at = 0; at < length_; at++) {
    if (line_[at] < ' ' || line_[at] > '~') return Result::Garbled;
  }

  char* const star = strchr(line_, '*');
  if (star == nullptr) return checksumRequired_ ? Result::Garbled : Result::Line;

  const bool twoDigits = strlen(star) == 3 && hex(star[1]) >= 0 && hex(star[2]) >= 0;
  if (!twoDigits || checksum(line_, star) != hex(star[1]) * 16 + hex(star[2])) {
    return Result::Garbled;
  }
  *star = '\0';
  checksumRequired_ = true;

  return Result::Line;
}

uint8_t checksum(const char* from, const char* to) {
  uint8_t sum = 0;
  while (from != to) sum ^= static_cast<uint8_t>(*from++);

  return sum;
}
