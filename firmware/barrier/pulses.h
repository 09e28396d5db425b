// Which relay is on: one at a time, for PULSE_MS, with a gap before the next.
#pragma once

#include <stdint.h>

enum class Relay : uint8_t { None, Open, Close, Stop };

class Pulses {
 public:
  // Presses a button. Whatever other one is pressed is let go at once.
  void give(Relay relay, uint32_t now);

  // Lets go and presses what is due.
  void update(uint32_t now);

  // The relay that is on. There is never a second one.
  Relay active() const { return active_; }

  // Whether a button is pressed, or about to be.
  bool isBusy() const { return active_ != Relay::None || next_ != Relay::None; }

 private:
  void letGo(uint32_t now);

  Relay active_ = Relay::None;
  Relay next_ = Relay::None;
  // When the active relay was switched on, or the last one off.
  uint32_t since_ = 0;
};
