// The parts, put together.
#pragma once

// Lets a millisecond pass for the controller and the barrier.
void simulator_tick(void);

// The cable of the controller, which its power comes from.
void simulator_plug(void);
void simulator_unplug(void);

unsigned simulator_boot_loader_ms(void);
