#include "order.h"

#include <string.h>

namespace {

struct Word {
  const char* from;
  uint8_t length;
};

const struct {
  const char* word;
  OrderKind kind;
} ORDERS[] = {
    {"OPEN", OrderKind::Open},     {"CLOSE", OrderKind::Close}, {"STOP", OrderKind::Stop},
    {"STATUS", OrderKind::Status}, {"PING", OrderKind::Ping},   {"HELLO", OrderKind::Hello},
};

// Takes the next word off a line; an empty one where there is none.
Word nextWord(const char*& line) {
  while (*line == ' ') line++;
  const char* const from = line;
  while (*line != ' ' && *line != '\0') line++;

  return {from, static_cast<uint8_t>(line - from)};
}

bool readKind(Word word, OrderKind& kind) {
  for (const auto& order : ORDERS) {
    if (strlen(order.word) == word.length && strncasecmp(order.word, word.from, word.length) == 0) {
      kind = order.kind;
      return true;
    }
  }

  return false;
}

// 1 to 65535, or 0 for what is no such number.
uint16_t readNumber(Word word) {
  uint32_t number = 0;

  for (uint8_t at = 0; at < word.length; at++) {
    const char digit = word.from[at];
    if (digit < '0' || digit > '9') return 0;
    number = number * 10 + static_cast<uint8_t>(digit - '0');
    if (number > 65535) return 0;
  }

  return static_cast<uint16_t>(number);
}

}  // namespace

Order::Result Order::parse(const char* line, Order& order) {
  const Word kind = nextWord(line);
  const Word number = nextWord(line);
  order.number = readNumber(number);

  if (!readKind(kind, order.kind)) return Result::Unknown;
  if (number.length > 0 && order.number == 0) return Result::Malformed;
  if (nextWord(line).length > 0) return Result::Malformed;

  return Result::Good;
}
