#!/usr/bin/env python3
"""A USB camera that is not there: to the kernel's own drivers it looks like any other.

    usb_camera.py DIRECTORY

It is a UVC 1.0 camera that sends the JPEGs in DIRECTORY one after the other, all of one size, over
a bulk endpoint. It is plugged into the virtual host controller of USB/IP (vhci_hcd) through a
socket pair, so that no network is needed, and driven by lines on standard input:

    plug, unplug      the cable
    stall, flow       no frame is finished any more; frames come again
    rate N            frames a second
    number            prints the number of the frame that is being sent: `number 17`

It prints `ready` once it has been plugged in the first time, and `done` after each line.

The messages of USB/IP are in Documentation/usb/usbip_protocol.rst of the kernel, the descriptors in
the Universal Serial Bus Device Class Definition for Video Devices, revision 1.0.
"""

import pathlib
import socket
import struct
import sys
import threading
import time

CONTROLLER = pathlib.Path("/sys/devices/platform/vhci_hcd.0")
HIGH_SPEED = 3

SUBMIT, UNLINK, RET_SUBMIT, RET_UNLINK = 1, 2, 3, 4
HEADER = struct.Struct(">5I28s")
STALLED = -32  # EPIPE: what a device answers to what it does not know
UNLINKED = -104  # ECONNRESET

PAYLOAD = 16384  # the largest one, with its header of two bytes
STREAMING_ENDPOINT = 1


def bcd(*fields):
    """A descriptor: its length, then what is given."""
    body = b"".join(fields)
    return bytes([len(body) + 1]) + body


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
        self.device = bcd(struct.pack("<BHBBBBHHHBBBB", 1, 0x200, 0xEF, 2, 1, 64, 0x1D6B, 0x0102, 0x100, 1, 2, 3, 1))
        interfaces = self.control_interface() + self.streaming_interface()
        association = bcd(struct.pack("<BBBBBBB", 11, 0, 2, 0x0E, 3, 0, 2))
        total = 9 + len(association) + len(interfaces)
        self.configuration = bcd(struct.pack("<BHBBBBB", 2, total, 2, 1, 0, 0x80, 250)) + association + interfaces

    def control_interface(self):
        camera = bcd(struct.pack("<BBBHBBHHHBH", 0x24, 2, 1, 0x0201, 0, 0, 0, 0, 0, 2, 0))
        output = bcd(struct.pack("<BBBHBBB", 0x24, 3, 2, 0x0101, 0, 1, 0))
        total = 13 + len(camera) + len(output)
        header = bcd(struct.pack("<BBHHIBB", 0x24, 1, 0x100, total, 6000000, 1, 1))
        return bcd(struct.pack("<BBBBBBBB", 4, 0, 0, 0, 0x0E, 1, 0, 2)) + header + camera + output

    def streaming_interface(self):
        width, height = self.size
        intervals = struct.pack("<%dI" % len(self.INTERVALS), *self.INTERVALS)
        rates = (width * height * 8, width * height * 480, width * height * 2)
        frame = bcd(
            struct.pack("<BBBBHHIIIIB", 0x24, 7, 1, 0, width, height, *rates, self.INTERVALS[0], len(self.INTERVALS)),
            intervals,
        )
        mjpeg = bcd(struct.pack("<BBBBBBBBBB", 0x24, 6, 1, 1, 1, 1, 0, 0, 0, 0))
        colours = bcd(struct.pack("<BBBBB", 0x24, 13, 1, 1, 4))
        total = 14 + len(mjpeg) + len(frame) + len(colours)
        header = bcd(struct.pack("<BBBHBBBBBBBB", 0x24, 1, 1, total, 0x81, 0, 2, 0, 0, 0, 1, 0))
        interface = bcd(struct.pack("<BBBBBBBB", 4, 1, 0, 1, 0x0E, 2, 0, 0))
        endpoint = bcd(struct.pack("<BBBHB", 5, 0x80 | STREAMING_ENDPOINT, 2, 512, 0))
        return interface + header + mjpeg + frame + colours + endpoint

    def get(self, kind, index):
        if kind == 1:
            return self.device
        if kind == 2:
            return self.configuration
        if kind == 3:
            if index == 0:
                return bcd(struct.pack("<BH", 3, 0x0409))
            if index in self.STRINGS:
                return bcd(b"\x03", self.STRINGS[index].encode("utf-16le"))
        return None

    def streaming_parameters(self, interval):
        """What is negotiated before a stream: the one format, the one size, and a rate."""
        width, height = self.size
        return struct.pack("<HBBIHHHHHII", 1, 1, 1, interval, 0, 0, 0, 0, 0, width * height * 2, PAYLOAD)


class Cable:
    """The camera as long as it is plugged in: a socket, and the transfers that wait on it."""

    def __init__(self, camera):
        self.camera = camera
        self.lock = threading.Lock()
        self.waiting = []
        self.socket, theirs = socket.socketpair()
        with theirs:
            attach = "0 %d %d %d" % (theirs.fileno(), 0x10001, HIGH_SPEED)
            (CONTROLLER / "attach").write_text(attach)
        threading.Thread(target=self.serve, daemon=True).start()

    def pull(self):
        (CONTROLLER / "detach").write_text("0")

    def serve(self):
        try:
            while True:
                command, number, _, direction, endpoint, rest = HEADER.unpack(self.receive(HEADER.size))
                if command == SUBMIT:
                    self.submit(number, direction, endpoint, rest)
                elif command == UNLINK:
                    self.unlink(number, *struct.unpack(">I", rest[:4]))
        except (EOFError, OSError):
            pass  # unplugged

    def receive(self, length):
        received = b""
        while len(received) < length:
            part = self.socket.recv(length - len(received))
            if not part:
                raise EOFError
            received += part
        return received

    def submit(self, number, is_input, endpoint, rest):
        length = struct.unpack(">5I", rest[:20])[1]
        data = self.receive(length) if not is_input and length else b""
        if endpoint == STREAMING_ENDPOINT:
            with self.lock:
                self.waiting.append((number, length))
            return

        answer = self.camera.control(*struct.unpack("<BBHHH", rest[20:28]), data)
        if answer is None:
            self.reply(number, STALLED)
        elif is_input:
            self.reply(number, 0, answer[:length])
        else:
            self.reply(number, 0, length=len(data))

    def unlink(self, number, unwanted):
        with self.lock:
            before = len(self.waiting)
            self.waiting = [transfer for transfer in self.waiting if transfer[0] != unwanted]
            status = UNLINKED if len(self.waiting) < before else 0
            self.socket.sendall(struct.pack(">5Ii24x", RET_UNLINK, number, 0, 0, 0, status))

    def reply(self, number, status, data=b"", length=None):
        length = len(data) if length is None else length
        with self.lock:
            self.send(number, status, data, length)

    def send(self, number, status, data, length):
        # An unplugged cable is seen by whoever reads.
        try:
            self.socket.sendall(struct.pack(">5Ii4I8x", RET_SUBMIT, number, 0, 0, 0, status, length, 0, 0, 0) + data)
        except OSError:
            pass

    def fill(self, payload):
        """Hands a payload to a transfer that waits; whether one did."""
        with self.lock:
            if not self.waiting:
                return False
            number, length = self.waiting.pop(0)
            self.send(number, 0, payload[:length], min(len(payload), length))
            return True


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
            self.cable = Cable(self)
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
    camera = Camera([file.read_bytes() for file in files])
    camera.obey("plug")
    print("ready", flush=True)
    for line in sys.stdin:
        camera.obey(line)
        print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
