// What the simulator is told on standard input, a line each.
//
//   run MS                             lets so much time pass (without a port: time stands still otherwise)
//   type TEXT | bytes HEX              sends a line, or bytes, to the controller
//   loop | arming | manual | fire on | off
//   jam on | off                       something is in the way of the boom
//   hand open | close | stop           presses a button of the barrier itself
//   switch open | closed follows | on | off    a limit switch, sound or broken
//   reset | hang | unplug | plug       what happens to the controller
//   quit
//
// Each is answered by a line "done …".
#pragma once

// Sets all contacts as they are where nothing is going on.
void set_all_off(void);

// Obeys one line.
void obey(const char *line);
