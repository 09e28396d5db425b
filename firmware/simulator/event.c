#include "event.h"

#include <stdarg.h>
#include <stdio.h>

#include "board.h"

static void print(const char *kind, const char *format, va_list arguments) {
  printf("%llu %s", (unsigned long long)board_now(), kind);
  vprintf(format, arguments);
  putchar('\n');
  fflush(stdout);
}

void event(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print("", format, arguments);
  va_end(arguments);
}

void violation(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print("violation: ", format, arguments);
  va_end(arguments);
}
