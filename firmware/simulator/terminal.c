#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "event.h"

static int master = -1;
static char device[PATH_MAX];
static const char *link_path;
static bool opened, dtr;

static bool place_link(void) {
  char fresh[PATH_MAX];
  snprintf(fresh, sizeof fresh, "%s.new", link_path);
  unlink(fresh);

  return symlink(device, fresh) == 0 && rename(fresh, link_path) == 0;
}

bool terminal_plug(const char *path) {
  if (master >= 0) return true;

  int far;
  struct termios settings;
  link_path = path;
  if (openpty(&master, &far, device, NULL, NULL) != 0 || tcgetattr(far, &settings) != 0) {
    perror("cannot make a pseudo-terminal");
    return false;
  }
  cfmakeraw(&settings);
  // As real ports have it, and pseudo-terminals do not.
  settings.c_cflag |= HUPCL;
  tcsetattr(far, TCSANOW, &settings);
  // From here on it is hung up until somebody opens it.
  close(far);
  fcntl(master, F_SETFL, O_NONBLOCK);
  fcntl(master, F_SETFD, FD_CLOEXEC);
  opened = dtr = false;

  if (!place_link()) {
    perror(link_path);
    return false;
  }
  return true;
}

void terminal_unplug(void) {
  if (master < 0) return;

  // First, for its name is free for others as soon as it is closed.
  unlink(link_path);
  close(master);
  master = -1;
  opened = false;
}

static bool is_hung_up(void) {
  struct pollfd look = {.fd = master, .events = POLLIN};

  return poll(&look, 1, 0) < 0 || look.revents & POLLHUP;
}

// What the last one left unread is not for the next one.
static void forget_unread(void) {
  const int far = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (far < 0) return;

  tcflush(far, TCIFLUSH);
  close(far);
}

bool terminal_look(void) {
  if (master < 0 || opened != is_hung_up()) return false;

  opened = !opened;
  event("port %s", opened ? "opened" : "closed");
  if (opened) {
    const bool rises = !dtr;
    dtr = true;
    return rises;
  }

  struct termios settings;
  if (tcgetattr(master, &settings) != 0 || settings.c_cflag & HUPCL) dtr = false;
  forget_unread();
  return false;
}

int terminal_fd(void) { return opened ? master : -1; }

size_t terminal_read(uint8_t *bytes, size_t room) {
  if (!opened) return 0;
  const ssize_t count = read(master, bytes, room);

  return count > 0 ? (size_t)count : 0;
}

void terminal_write(const uint8_t *bytes, size_t count) {
  if (opened && write(master, bytes, count) < 0) errno = 0;
}
