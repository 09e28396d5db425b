// No limit switch is fitted: the position is known by time.
#include "../../barrier/config.h"

#undef LIMIT_OPEN_PIN
#undef LIMIT_CLOSED_PIN
#define LIMIT_OPEN_PIN NOT_FITTED
#define LIMIT_CLOSED_PIN NOT_FITTED
