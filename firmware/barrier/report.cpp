#include "report.h"

#include <Arduino.h>

#include "settings.h"
#include "version.h"

namespace {

const char* name(Position position) {
  switch (position) {
    case Position::Closed: return "closed";
    case Position::Opening: return "opening";
    case Position::Open: return "open";
    case Position::Closing: return "closing";
    case Position::Stopped: return "stopped";
    case Position::Unknown: break;
  }
  return "unknown";
}

const char* name(Cause cause) {
  switch (cause) {
    case Cause::Order: return "order";
    case Cause::Manual: return "manual";
    case Cause::Fire: return "fire";
    case Cause::Safety: return "safety";
    case Cause::None: break;
  }
  return "none";
}

const char* name(Refusal refusal) {
  switch (refusal) {
    case Refusal::Occupied: return "occupied";
    case Refusal::Emergency: return "emergency";
    case Refusal::Fault: return "fault";
    case Refusal::Busy: return "busy";
    case Refusal::Garbled: return "garbled";
    case Refusal::Unknown:
    case Refusal::None: break;
  }
  return "unknown";
}

}  // namespace

bool operator!=(const State& one, const State& other) {
  return one.position != other.position || one.closingLoop != other.closingLoop ||
         one.armingLoop != other.armingLoop || one.manual != other.manual ||
         one.fire != other.fire || one.movedBy != other.movedBy;
}

void Reports::ok(uint16_t order) {
  text("OK");
  number(order);
  end();
}

void Reports::no(uint16_t order, Refusal reason) {
  text("NO");
  number(order);
  put(' ');
  text(name(reason));
  end();
}

void Reports::hello(const char* resetCause) {
  text("HELLO manless-barrier " PROTOCOL_VERSION " fw=" FIRMWARE_VERSION " reset=");
  text(resetCause);
  end();
}

void Reports::state(const State& state) {
  text("STATE ");
  text(name(state.position));
  text(" loop=");
  put(state.closingLoop);
  text(" arming=");
  put(state.armingLoop);
  text(" manual=");
  put(state.manual);
  text(" fire=");
  put(state.fire);
  text(" by=");
  text(name(state.movedBy));
  end();
}

void Reports::flush() {
  while (first_ != last_ && Serial.availableForWrite() > 0) Serial.write(bytes_[first_++]);
}

void Reports::put(char byte) {
  sum_ ^= static_cast<uint8_t>(byte);
  bytes_[next_] = byte;
  const uint8_t after = static_cast<uint8_t>(next_ + 1);
  if (after == first_) {
    fits_ = false;
  } else {
    next_ = after;
  }
}

void Reports::text(const char* text) {
  while (*text != '\0') put(*text++);
}

void Reports::number(uint16_t number) {
  if (number == 0) return;

  char digits[6];
  put(' ');
  text(utoa(number, digits, 10));
}

void Reports::end() {
  static const char HEX_DIGITS[] = "0123456789ABCDEF";
  const uint8_t sum = sum_;

  put('*');
  put(HEX_DIGITS[sum >> 4]);
  put(HEX_DIGITS[sum & 15]);
  put('\n');

  if (fits_) last_ = next_;
  next_ = last_;
  sum_ = 0;
  fits_ = true;
}
