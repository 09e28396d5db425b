// Where the boom is, and when it moves. It is told the contacts, the orders and the time.
//
//   boom                | what happens                          | it does                    | says by=
//   --------------------+---------------------------------------+----------------------------+---------
//   any but open        | OPEN                                  | opens                      | order
//   any but closed      | CLOSE, nothing against it             | closes                     | order
//   any                 | STOP                                  | stops where it is          |
//   closing             | the loop becomes occupied             | opens                      | safety
//   closing             | nothing heard for 5 s (not: by hand)  | opens                      | safety
//   any but open        | the manual contact comes on           | opens                      | manual
//   any but open        | the fire contact is on, and no STOP   | opens                      | fire
//   opening, closing    | its end is reached                    | rests                      |
//   closing             | it has turned and is open again       | rests                      | safety
//   opening, closing    | it takes longer than TRAVEL_MAX_MS    | stops; "unknown" if at no end |
//   any                 | both limit switches are on            | stops if it moves; "unknown" |
//   closed, open        | it leaves its limit switch unordered  | says "opening", "closing"  | manual
//   any                 | the controller starts                 | nothing                    | none
//
// Against a CLOSE are, in this order: the fire contact, an occupied loop, the manual contact, and a
// movement that has failed (until an end is reached again).
#pragma once

#include <stdint.h>

#include "pulses.h"

enum class Position : uint8_t { Closed, Opening, Open, Closing, Stopped, Unknown };
enum class Cause : uint8_t { None, Order, Manual, Fire, Safety };
enum class Refusal : uint8_t { None, Occupied, Emergency, Fault, Busy, Unknown, Garbled };

// What the contacts say. One that is not fitted is never on.
struct Inputs {
  bool limitOpen;
  bool limitClosed;
  bool loopOccupied;
  bool manual;
  bool fire;
};

class Boom {
 public:
  explicit Boom(Pulses& pulses) : pulses_(pulses) {}

  // Starts without moving anything. `last` is where the boom was when the controller last ran, if
  // it remembers: a boom that was on its way still is.
  void begin(const Inputs& inputs, Position last, uint32_t now);

  // Tells it the contacts. `heard` is when its agent was last heard.
  void update(const Inputs& inputs, uint32_t heard, uint32_t now);

  Refusal open(uint32_t now);
  Refusal close(uint32_t now);
  Refusal stop(uint32_t now);

  Position position() const { return position_; }
  Cause movedBy() const { return movedBy_; }

 private:
  bool isMoving() const;
  void follow(uint32_t now);
  void followOpening(uint32_t now);
  void followClosing(uint32_t now);
  void followResting(uint32_t now);
  void obeyContacts(const Inputs& before, uint32_t now);
  void giveUp(uint32_t now);
  void raise(Cause cause, uint32_t now);
  void lower(uint32_t now);
  void go(Position direction, Cause cause, uint32_t now);
  void rest(Position end);

  Pulses& pulses_;
  Inputs inputs_ = {};
  Position position_ = Position::Unknown;
  Cause movedBy_ = Cause::None;
  uint32_t started_ = 0;
  // When the movement began, and whether it has left the end that it began at.
  uint32_t since_ = 0;
  bool left_ = false;
  bool failed_ = false;
  // Somebody has stopped the boom in spite of the fire alarm.
  bool halted_ = false;
};
