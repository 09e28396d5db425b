#!/usr/bin/env python3
"""A USB camera that is not there: to the kernel's own drivers it looks like any other.

    usb_camera.py DIRECTORY

It is a UVC 1.0 camera that sends the JPEGs in DIRECTORY one after the other, all of one size, over
a bulk endpoint, and is driven by lines on standard input:

    plug, unplug      the cable
    stall, flow       no frame is finished any more; frames come again
    rate N            frames a second
    number            prints the number of the frame that is being sent: `number 17`

It prints `ready` once it has been plugged in the first time, and `done` after each line. The
descriptors are those of the Universal Serial Bus Device Class Definition for Video Devices,
revision 1.0.
"""

import pathlib
import struct
import sys
import threading
import time

from usb_device import HIGH_SPEED, Cable, descriptor, obey_lines, strings

PAYLOAD = 16384  # the largest one, with its header of two bytes
STREAMING_ENDPOINT = 1


def jpeg_size(picture):
    """Width and height, from the frame header."""
    at = 2
    while True:
        marker, length = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xC2:
            return tuple(reversed(struct.unpack(">HH", picture[at + 5 : at + 9])))
        at += 2 + length


class Descriptors:
    """What the camera says that it is."""

    STRINGS = {1: "Manless", 2: "Test camera", 3: "0001"}
    INTERVALS = [333333, 666666, 1000000, 2000000]  # 30, 15, 10 and 5 frames a second, in 100 ns

    def __init__(self, width, height):
        self.size = (width, height)
        self.device = descriptor(struct.pack("<BHBBBBHHHBBBB", 1, 0x200, 0xEF, 2, 1, 64, 0x1D6B, 0x0102, 0x100, 1, 2, 3, 1))
        interfaces = self.control_interface() + self.streaming_interface()
        association = descriptor(struct.pack("<BBBBBBB", 11, 0, 2, 0x0E, 3, 0, 2))
        total = 9 + len(association) + len(interfaces)
        self.configuration = descriptor(struct.pack("<BHBBBBB", 2, total, 2, 1, 0, 0x80, 250)) + association + interfaces

    def control_interface(self):
        camera = descriptor(struct.pack("<BBBHBBHHHBH", 0x24, 2, 1, 0x0201, 0, 0, 0, 0, 0, 2, 0))
        output = descriptor(struct.pack("<BBBHBBB", 0x24, 3, 2, 0x0101, 0, 1, 0))
        total = 13 + len(camera) + len(output)
        header = descriptor(struct.pack("<BBHHIBB", 0x24, 1, 0x100, total, 6000000, 1, 1))
        return descriptor(struct.pack("<BBBBBBBB", 4, 0, 0, 0, 0x0E, 1, 0, 2)) + header + camera + output

    def streaming_interface(self):
        width, height = self.size
        intervals = struct.pack("<%dI" % len(self.INTERVALS), *self.INTERVALS)
        rates = (width * height * 8, width * height * 480, width * height * 2)
        frame = descriptor(
            struct.pack("<BBBBHHIIIIB", 0x24, 7, 1, 0, width, height, *rates, self.INTERVALS[0], len(self.INTERVALS)),
            intervals,
        )
        mjpeg = descriptor(struct.pack("<BBBBBBBBBB", 0x24, 6, 1, 1, 1, 1, 0, 0, 0, 0))
        colours = descriptor(struct.pack("<BBBBB", 0x24, 13, 1, 1, 4))
        total = 14 + len(mjpeg) + len(frame) + len(colours)
        header = descriptor(struct.pack("<BBBHBBBBBBBB", 0x24, 1, 1, total, 0x81, 0, 2, 0, 0, 0, 1, 0))
        interface = descriptor(struct.pack("<BBBBBBBB", 4, 1, 0, 1, 0x0E, 2, 0, 0))
        endpoint = descriptor(struct.pack("<BBBHB", 5, 0x80 | STREAMING_ENDPOINT, 2, 512, 0))
        return interface + header + mjpeg + frame + colours + endpoint

    def get(self, kind, index):
        if kind == 1:
            return self.device
        if kind == 2:
            return self.configuration
        if kind == 3:
            return strings(self.STRINGS, index)
        return None

    def streaming_parameters(self, interval):
        """What is negotiated before a stream: the one format, the one size, and a rate."""
        width, height = self.size
        return struct.pack("<HBBIHHHHHII", 1, 1, 1, interval, 0, 0, 0, 0, 0, width * height * 2, PAYLOAD)


class Camera:
    def __init__(self, pictures):
        self.pictures = pictures
        self.descriptors = Descriptors(*jpeg_size(pictures[0]))
        self.parameters = self.descriptors.streaming_parameters(Descriptors.INTERVALS[0])
        self.interval = 1 / 30
        self.stalled = False
        self.number = 0
        self.cable = None
        threading.Thread(target=self.stream, daemon=True).start()

    def control(self, kind, request, value, index, _length, data):
        is_class, selector = kind & 0x60 == 0x20, value >> 8
        if is_class and index & 0xFF == 1 and selector in (1, 2):
            return self.negotiate(request, data, commit=selector == 2)
        if is_class:
            return b"\0" if request == 0x86 else None
        if kind == 0x80 and request == 6:
            return self.descriptors.get(value >> 8, value & 0xFF)
        # Which alternate setting: there is but one. Everything else that is standard is done.
        return b"\0\0" if kind & 0x80 else b""

    def negotiate(self, request, data, commit):
        if request == 1:
            wanted = struct.unpack_from("<I", data, 4)[0] or Descriptors.INTERVALS[0]
            interval = min(Descriptors.INTERVALS, key=lambda each: abs(each - wanted))
            self.parameters = self.descriptors.streaming_parameters(interval)
            if commit:
                self.interval = interval / 1e7
            return b""
        return {0x85: struct.pack("<H", len(self.parameters)), 0x86: b"\x03"}.get(request, self.parameters)

    def stream(self):
        """Sends frame after frame, as payloads of at most PAYLOAD bytes."""
        due, parity = time.monotonic(), 0
        while True:
            due = max(due + self.interval, time.monotonic() - 0.2)
            time.sleep(max(0, due - time.monotonic()))
            parity ^= 1
            picture = self.pictures[self.number % len(self.pictures)]
            for at in range(0, len(picture), PAYLOAD - 2):
                part = picture[at : at + PAYLOAD - 2]
                last = at + len(part) == len(picture)
                payload = bytes([2, 0x80 | parity | (2 if last else 0)]) + part
                while self.stalled or self.cable is None or not self.cable.fill(payload):
                    time.sleep(0.002)
            self.number += 1

    def obey(self, line):
        word, *rest = line.split()
        if word == "plug":
            self.cable = Cable(self, HIGH_SPEED, STREAMING_ENDPOINT)
        elif word == "unplug":
            cable, self.cable = self.cable, None
            cable.pull()
        elif word in ("stall", "flow"):
            self.stalled = word == "stall"
        elif word == "rate":
            self.interval = 1 / float(rest[0])
        elif word == "number":
            print("number", self.number)
        else:
            raise SystemExit("usb_camera: what is `%s`?" % word)


def main(directory):
    files = sorted(pathlib.Path(directory).glob("*.jpg"))
    obey_lines(Camera([file.read_bytes() for file in files]))


if __name__ == "__main__":
    main(sys.argv[1])
