#!/usr/bin/env python3
"""A USB keyboard that is not there, as most USB card readers pretend to be one.

    usb_keyboard.py

It is a boot keyboard of the HID class, driven by lines on standard input:

    plug, unplug      the cable
    type 0012345678   types these digits and letters, then Enter, as a reader does with a card

It prints `ready` once it has been plugged in the first time, and `done` after each line: after
`type` when the kernel has taken every key.
"""

import struct
import time

from usb_device import FULL_SPEED, Cable, descriptor, obey_lines, strings

INPUT_ENDPOINT = 1
ENTER = 40
SHIFT = 2

# A report of 8 bytes: modifiers, nothing, six keys. HID 1.11, appendix B.1.
REPORT = bytes.fromhex(
    "05010906a101050719e029e71500250175019508810295017508810195067508150025650507190029658100c0"
)


def key(character):
    """Modifier and usage of a key."""
    if character.isdigit():
        return 0, 39 if character == "0" else 29 + int(character)
    if character.isascii() and character.isalpha():
        return SHIFT if character.isupper() else 0, 4 + ord(character.lower()) - ord("a")
    raise SystemExit("usb_keyboard: no key for `%s`" % character)


class Keyboard:
    STRINGS = {1: "Manless", 2: "Test card reader", 3: "0001"}

    def __init__(self):
        self.cable = None
        hid = descriptor(struct.pack("<BHBBBH", 0x21, 0x111, 0, 1, 0x22, len(REPORT)))
        interface = descriptor(struct.pack("<BBBBBBBB", 4, 0, 0, 1, 3, 1, 1, 0))
        endpoint = descriptor(struct.pack("<BBBHB", 5, 0x80 | INPUT_ENDPOINT, 3, 8, 10))
        self.hid, body = hid, interface + hid + endpoint
        self.device = descriptor(struct.pack("<BHBBBBHHHBBBB", 1, 0x110, 0, 0, 0, 8, 0x1D6B, 0x0104, 0x100, 1, 2, 3, 1))
        self.configuration = descriptor(struct.pack("<BHBBBBB", 2, 9 + len(body), 1, 1, 0, 0x80, 50)) + body

    def control(self, kind, request, value, _index, _length, _data):
        if request == 6 and kind & 0x80:
            known = {1: self.device, 2: self.configuration, 0x21: self.hid, 0x22: REPORT}
            return strings(self.STRINGS, value & 0xFF) if value >> 8 == 3 else known.get(value >> 8)
        # Idle rates, protocols and lamps are as good as done.
        return b"\0\0" if kind & 0x80 else b""

    def press(self, modifier, usage):
        for report in (bytes([modifier, 0, usage, 0, 0, 0, 0, 0]), bytes(8)):
            while not self.cable.fill(report):
                time.sleep(0.002)

    def obey(self, line):
        word, *rest = line.split()
        if word == "plug":
            self.cable = Cable(self, FULL_SPEED, INPUT_ENDPOINT)
        elif word == "unplug":
            cable, self.cable = self.cable, None
            cable.pull()
        elif word == "type":
            for character in rest[0]:
                self.press(*key(character))
            self.press(0, ENTER)
        else:
            raise SystemExit("usb_keyboard: what is `%s`?" % word)


if __name__ == "__main__":
    obey_lines(Keyboard())
