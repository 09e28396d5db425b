// All that can be the other way round, on other pins, with both loops.
#include "../../barrier/config.h"

#undef CLOSING_LOOP_PIN
#undef CLOSING_LOOP_WHEN_OCCUPIED
#undef ARMING_LOOP_PIN
#undef LIMIT_OPEN_PIN
#undef LIMIT_OPEN_WHEN_REACHED
#undef MANUAL_WHEN_ON
#undef FIRE_WHEN_ON
#undef RELAY_ON
#define CLOSING_LOOP_PIN 14
#define CLOSING_LOOP_WHEN_OCCUPIED CLOSES
#define ARMING_LOOP_PIN 15
#define LIMIT_OPEN_PIN NOT_FITTED
#define LIMIT_OPEN_WHEN_REACHED OPENS
#define MANUAL_WHEN_ON OPENS
#define FIRE_WHEN_ON CLOSES
#define RELAY_ON LOW
