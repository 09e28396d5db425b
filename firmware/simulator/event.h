// What the simulator tells: one line on standard output for each event, with the simulated time.
#pragma once

__attribute__((format(printf, 1, 2))) void event(const char *format, ...);

// Something that must never happen has happened. The line begins with the word "violation".
__attribute__((format(printf, 1, 2))) void violation(const char *format, ...);
