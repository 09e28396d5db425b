#include "pulses.h"

#include "settings.h"

void Pulses::give(Relay relay, uint32_t now) {
  if (active_ == relay) {
    next_ = Relay::None;
    return;
  }

  if (active_ != Relay::None) letGo(now);
  next_ = relay;
}

void Pulses::update(uint32_t now) {
  if (active_ != Relay::None && now - since_ >= PULSE_MS) letGo(now);

  if (active_ == Relay::None && next_ != Relay::None && now - since_ >= RELAY_GAP_MS) {
    active_ = next_;
    next_ = Relay::None;
    since_ = now;
  }
}

void Pulses::letGo(uint32_t now) {
  active_ = Relay::None;
  since_ = now;
}
