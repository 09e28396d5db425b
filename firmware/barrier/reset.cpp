#include "reset.h"

#include <avr/io.h>
#include <avr/wdt.h>

static uint8_t ownFlags __attribute__((section(".noinit")));
static uint8_t bootFlags __attribute__((section(".noinit")));

// Optiboot clears the flags and hands them on in r2. Nothing may touch r2 before this.
extern "C" void saveBootFlags() __attribute__((naked, used, section(".init0")));
void saveBootFlags() { asm volatile("sts %0, r2" : : "i"(&bootFlags)); }

// A watchdog that has bitten goes on with its shortest time: it has to be stopped before anything else.
extern "C" void saveResetFlags() __attribute__((naked, used, section(".init3")));
void saveResetFlags() {
  ownFlags = MCUSR;
  MCUSR = 0;
  wdt_disable();
}

const char* resetCause() {
  // What other boot loaders leave in r2 is anything.
  const uint8_t all = _BV(PORF) | _BV(EXTRF) | _BV(BORF) | _BV(WDRF);
  const uint8_t flags = ownFlags == 0 && bootFlags <= all ? bootFlags : ownFlags;

  if (flags & _BV(PORF)) return "power";
  if (flags & _BV(WDRF)) return "watchdog";
  if (flags & _BV(BORF)) return "brownout";
  if (flags & _BV(EXTRF)) return "external";
  return "none";
}
