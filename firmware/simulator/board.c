#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <avr_ioport.h>
#include <avr_uart.h>
#include <sim_avr.h>
#include <sim_elf.h>

#define CYCLES_PER_MS 16000
#define PINS 20
#define MCUSR 0x54
#define RAM_START 0x100
// rjmp .-2: a program that does nothing else any more.
#define ENDLESS_LOOP 0xCFFF

static avr_t *avr;
static uint64_t passed_cycles;  // without the program
static bool was_reset;
static uint64_t held_until;
static uint64_t running_since;
static bool powered = true;
static bool closed[PINS];

static uint8_t waiting[4096];
static size_t first_waiting, end_waiting;
static bool line_full;

static char port_of(int pin) { return pin < 8 ? 'D' : pin < 14 ? 'B' : 'C'; }
static int bit_of(int pin) { return pin < 8 ? pin : pin < 14 ? pin - 8 : pin - 14; }

static void byte_came(avr_irq_t *irq, uint32_t value, void *parameter) {
  (void)irq, (void)parameter;
  on_byte((uint8_t)value);
}

static void line_takes(avr_irq_t *irq, uint32_t value, void *parameter) {
  (void)irq, (void)value;
  line_full = parameter == NULL;
}

static void outputs_changed(avr_irq_t *irq, uint32_t value, void *parameter) {
  (void)irq, (void)value, (void)parameter;
  on_outputs();
}

// Whoever runs the simulation decides how long it waits, not the processor that sleeps.
static void do_not_wait(avr_t *self, avr_cycle_count_t cycles) { (void)self, (void)cycles; }

static void reset_comes(avr_t *self) {
  (void)self;
  was_reset = true;
}

static void listen_to(char port) {
  const uint32_t io = AVR_IOCTL_IOPORT_GETIRQ(port);

  avr_irq_register_notify(avr_io_getirq(avr, io, IOPORT_IRQ_REG_PORT), outputs_changed, NULL);
  avr_irq_register_notify(avr_io_getirq(avr, io, IOPORT_IRQ_DIRECTION_ALL), outputs_changed, NULL);
}

static avr_irq_t *uart(int irq) { return avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), irq); }

bool board_load(const char *path) {
  elf_firmware_t firmware;
  memset(&firmware, 0, sizeof firmware);
  if (elf_read_firmware(path, &firmware) != 0) {
    fprintf(stderr, "cannot read the firmware %s\n", path);
    return false;
  }
  avr = avr_make_mcu_by_name("atmega328p");
  if (avr == NULL) return false;

  avr_init(avr);
  avr->log = LOG_ERROR;
  avr->frequency = 1000u * CYCLES_PER_MS;
  avr->sleep = do_not_wait;
  avr->reset = reset_comes;
  avr_load_firmware(avr, &firmware);

  // Neither prints what it hears, nor sleeps when the firmware polls.
  uint32_t flags = 0;
  avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
  avr_irq_register_notify(uart(UART_IRQ_OUTPUT), byte_came, NULL);
  avr_irq_register_notify(uart(UART_IRQ_OUT_XON), line_takes, avr);
  avr_irq_register_notify(uart(UART_IRQ_OUT_XOFF), line_takes, NULL);
  listen_to('B');
  listen_to('C');
  listen_to('D');

  board_reset(POWER_ON, 0);
  return true;
}

uint64_t board_now(void) {
  return avr == NULL ? 0 : (passed_cycles + avr->cycle) / CYCLES_PER_MS;
}

bool board_runs(void) { return powered && board_now() >= held_until; }
uint64_t board_runs_since(void) { return running_since; }

static void apply_contacts(char port) {
  avr_ioport_external_t external = {.name = port};

  for (int pin = 2; pin < PINS; pin++) {
    if (port_of(pin) != port) continue;
    avr_irq_t *irq = avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ(port), bit_of(pin));
    // Both levels: after a reset the simulation has forgotten the pin, and passes on changes only.
    if (!board_drives(pin, HIGH_OR_LOW)) {
      avr_raise_irq(irq, closed[pin]);
      avr_raise_irq(irq, !closed[pin]);
      // Else switching on the pull-up would open a contact that is closed.
      external.mask |= 1u << bit_of(pin);
      external.value |= (unsigned)!closed[pin] << bit_of(pin);
    }
  }
  avr_ioctl(avr, AVR_IOCTL_IOPORT_SET_EXTERNAL(port), &external);
}

static void after_reset(void) {
  first_waiting = end_waiting = 0;
  line_full = false;
  running_since = board_now();
  apply_contacts('B');
  apply_contacts('C');
  apply_contacts('D');
  on_outputs();
}

void board_reset(enum reset cause, unsigned hold_ms) {
  avr_reset(avr);
  was_reset = false;
  avr->data[MCUSR] = (uint8_t)cause;
  if (cause == POWER_ON) {
    for (unsigned at = RAM_START; at <= avr->ramend; at++) avr->data[at] = (uint8_t)rand();
  }

  powered = true;
  after_reset();
  held_until = board_now() + hold_ms;
  running_since = held_until;
}

void board_power_off(void) {
  board_reset(EXTERNAL, 0);
  powered = false;
}

void board_hang(void) {
  // The last word of the flash belongs to the boot loader, which is not there.
  const avr_flashaddr_t at = avr->flashend - 1;

  avr->flash[at] = ENDLESS_LOOP & 0xFF;
  avr->flash[at + 1] = ENDLESS_LOOP >> 8;
  avr->pc = at;
}

void board_close_contact(int pin, bool is_closed) {
  if (pin < 2 || pin >= PINS) return;

  closed[pin] = is_closed;
  apply_contacts(port_of(pin));
}

bool board_drives(int pin, int level) {
  if (pin < 2 || pin >= PINS || avr == NULL) return false;

  avr_ioport_state_t state;
  if (avr_ioctl(avr, AVR_IOCTL_IOPORT_GETSTATE(port_of(pin)), &state) != 0) return false;
  const bool output = state.ddr >> bit_of(pin) & 1;
  const int is = state.port >> bit_of(pin) & 1;

  return output && (level == HIGH_OR_LOW || is == level);
}

bool board_send(const uint8_t *bytes, size_t count) {
  if (!board_runs()) return true;
  if (sizeof waiting - end_waiting < count) return false;

  memcpy(waiting + end_waiting, bytes, count);
  end_waiting += count;
  return true;
}

static void feed_line(void) {
  while (!line_full && first_waiting != end_waiting) {
    avr_raise_irq(uart(UART_IRQ_INPUT), waiting[first_waiting++]);
  }
  if (first_waiting == end_waiting) first_waiting = end_waiting = 0;
}

void board_run(void) {
  if (!board_runs()) {
    passed_cycles += CYCLES_PER_MS;
    return;
  }

  const uint64_t end = passed_cycles + avr->cycle + CYCLES_PER_MS;
  while (passed_cycles + avr->cycle < end) {
    feed_line();
    const int state = avr_run(avr);

    if (state == cpu_Done || state == cpu_Crashed) {
      fprintf(stderr, "the firmware has crashed\n");
      exit(2);
    }
    if (was_reset) {
      was_reset = false;
      on_watchdog();
      after_reset();
    }
  }
}
