// The USB port of the controller: a pseudo-terminal behind a path that stays the same.
//
// Opening it raises DTR, and closing it lets DTR fall unless HUPCL was cleared, as Linux does with
// a real port. An Arduino is reset when DTR rises.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Makes the port appear at `path`; false with a message where that cannot be done.
bool terminal_plug(const char *path);

// Whoever has it open is hung up on.
void terminal_unplug(void);

// Looks whether somebody has opened or closed it. True when DTR has risen.
bool terminal_look(void);

// What to poll for input, or -1 while nobody has it open.
int terminal_fd(void);

// Reads without waiting; 0 where there is nothing.
size_t terminal_read(uint8_t *bytes, size_t room);

// Writes without waiting. What does not fit, and what nobody has open to read, is lost.
void terminal_write(const uint8_t *bytes, size_t count);
