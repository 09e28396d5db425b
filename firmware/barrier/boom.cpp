#include "boom.h"

#include "settings.h"

static const bool OPEN_IS_SEEN = LIMIT_OPEN_PIN != NOT_FITTED;
static const bool CLOSED_IS_SEEN = LIMIT_CLOSED_PIN != NOT_FITTED;

void Boom::begin(const Inputs& inputs, Position last, uint32_t now) {
  inputs_ = inputs;
  started_ = since_ = now;
  left_ = true;

  if (inputs.limitOpen && inputs.limitClosed) {
    position_ = Position::Unknown;
  } else if (inputs.limitOpen) {
    position_ = Position::Open;
  } else if (inputs.limitClosed) {
    position_ = Position::Closed;
  } else {
    const bool refuted = (last == Position::Open && OPEN_IS_SEEN) ||
                         (last == Position::Closed && CLOSED_IS_SEEN);
    position_ = refuted ? Position::Unknown : last;
  }
}

void Boom::update(const Inputs& inputs, uint32_t heard, uint32_t now) {
  const Inputs before = inputs_;
  inputs_ = inputs;

  follow(now);
  obeyContacts(before, now);

  const bool watched = now - heard < SILENCE_MS || movedBy_ == Cause::Manual;
  if (position_ == Position::Closing && !watched) raise(Cause::Safety, now);
}

Refusal Boom::open(uint32_t now) {
  halted_ = false;
  raise(Cause::Order, now);

  return Refusal::None;
}

Refusal Boom::close(uint32_t now) {
  if (inputs_.fire) return Refusal::Emergency;
  if (inputs_.loopOccupied) return Refusal::Occupied;
  if (inputs_.manual) return Refusal::Busy;
  if (failed_) return Refusal::Fault;

  lower(now);

  return Refusal::None;
}

Refusal Boom::stop(uint32_t now) {
  // Also when it seems to rest: somebody sees what no switch does.
  pulses_.give(Relay::Stop, now);
  halted_ = inputs_.fire;
  if (isMoving()) position_ = Position::Stopped;

  return Refusal::None;
}

bool Boom::isMoving() const {
  return position_ == Position::Opening || position_ == Position::Closing;
}

void Boom::follow(uint32_t now) {
  if (inputs_.limitOpen && inputs_.limitClosed) {
    // A switch is stuck, or a wire is: nobody knows where a boom that moves would end.
    if (isMoving()) pulses_.give(Relay::Stop, now);
    position_ = Position::Unknown;
    failed_ = true;
    return;
  }

  switch (position_) {
    case Position::Opening:
      return followOpening(now);
    case Position::Closing:
      return followClosing(now);
    case Position::Closed:
    case Position::Open:
    case Position::Stopped:
    case Position::Unknown:
      return followResting(now);
  }
}

// An end counts when the button is let go: before, the boom may be about to leave it.
void Boom::followOpening(uint32_t now) {
  const uint32_t time = now - since_;
  if (!inputs_.limitClosed) left_ = true;
  if (pulses_.isBusy()) return;

  if (inputs_.limitOpen || (!OPEN_IS_SEEN && time >= TRAVEL_MS)) {
    rest(Position::Open);
  } else if (inputs_.limitClosed && left_) {
    movedBy_ = Cause::Manual;
    rest(Position::Closed);
  } else if (time >= TRAVEL_MAX_MS) {
    giveUp(now);
  }
}

void Boom::followClosing(uint32_t now) {
  const uint32_t time = now - since_;
  if (!inputs_.limitOpen) left_ = true;
  if (pulses_.isBusy()) return;

  if (inputs_.limitClosed || (!CLOSED_IS_SEEN && time >= TRAVEL_MS)) {
    rest(Position::Closed);
  } else if (inputs_.limitOpen && left_) {
    // The drive has met something, and turned by itself.
    movedBy_ = Cause::Safety;
    rest(Position::Open);
  } else if (time >= TRAVEL_MAX_MS) {
    giveUp(now);
  }
}

// Where nobody has ordered anything, somebody moves it at the barrier itself.
void Boom::followResting(uint32_t now) {
  if (position_ == Position::Closed && CLOSED_IS_SEEN && !inputs_.limitClosed) {
    go(Position::Opening, Cause::Manual, now);
  } else if (position_ == Position::Open && OPEN_IS_SEEN && !inputs_.limitOpen) {
    go(Position::Closing, Cause::Manual, now);
  } else if (inputs_.limitOpen && position_ != Position::Open) {
    rest(Position::Open);
  } else if (inputs_.limitClosed && position_ != Position::Closed) {
    rest(Position::Closed);
  }
}

void Boom::obeyContacts(const Inputs& before, uint32_t now) {
  if (inputs_.loopOccupied && position_ == Position::Closing) raise(Cause::Safety, now);
  if (inputs_.manual && !before.manual) raise(Cause::Manual, now);

  if (!inputs_.fire) halted_ = false;
  // A boom that rests waits until the contacts are sure after a start.
  const bool settled = now - started_ >= SETTLE_MS || position_ == Position::Closing;
  if (inputs_.fire && settled && !halted_) raise(Cause::Fire, now);
}

void Boom::giveUp(uint32_t now) {
  pulses_.give(Relay::Stop, now);
  failed_ = true;
  position_ = inputs_.limitOpen     ? Position::Open
              : inputs_.limitClosed ? Position::Closed
                                    : Position::Unknown;
}

void Boom::raise(Cause cause, uint32_t now) {
  if (position_ == Position::Open || position_ == Position::Opening) return;

  go(Position::Opening, cause, now);
  left_ = !inputs_.limitClosed;
  pulses_.give(Relay::Open, now);
}

void Boom::lower(uint32_t now) {
  if (position_ == Position::Closed || position_ == Position::Closing) return;

  go(Position::Closing, Cause::Order, now);
  left_ = !inputs_.limitOpen;
  pulses_.give(Relay::Close, now);
}

void Boom::go(Position direction, Cause cause, uint32_t now) {
  position_ = direction;
  movedBy_ = cause;
  since_ = now;
  left_ = true;
}

void Boom::rest(Position end) {
  position_ = end;
  failed_ = false;
}
