// What an agent asks for: README.md, section 3.
#pragma once

#include <stdint.h>

enum class OrderKind : uint8_t { Open, Close, Stop, Status, Ping, Hello };

struct Order {
  enum class Result : uint8_t { Good, Unknown, Malformed };

  OrderKind kind;
  // 1 to 65535; 0 stands for an order without a number.
  uint16_t number;

  // Reads a line. The number of an order that is not known is read as well, for the answer.
  static Result parse(const char* line, Order& order);
};
