"""USB devices that are not there: the cable between one and the kernel's own drivers.

A device is plugged into the virtual host controller of USB/IP (vhci_hcd) through a socket pair, so
that no network is needed. The messages are in Documentation/usb/usbip_protocol.rst of the kernel.
"""

import pathlib
import socket
import struct
import sys
import threading

CONTROLLER = pathlib.Path("/sys/devices/platform/vhci_hcd.0")
FULL_SPEED, HIGH_SPEED = 2, 3

SUBMIT, UNLINK, RET_SUBMIT, RET_UNLINK = 1, 2, 3, 4
HEADER = struct.Struct(">5I28s")
STALLED = -32  # EPIPE: what a device answers to what it does not know
UNLINKED = -104  # ECONNRESET


def descriptor(*fields):
    """Its length, then what is given."""
    body = b"".join(fields)
    return bytes([len(body) + 1]) + body


def strings(texts, index):
    """A string descriptor; the first one says which language there is."""
    if index == 0:
        return descriptor(struct.pack("<BH", 3, 0x0409))
    if index in texts:
        return descriptor(b"\x03", texts[index].encode("utf-16le"))
    return None


class Cable:
    """A device as long as it is plugged in: a socket, and the transfers that wait on it.

    `device` answers to control transfers; what waits on `endpoint`, its one input, is answered by
    `fill`.
    """

    def __init__(self, device, speed, endpoint):
        self.device = device
        self.endpoint = endpoint
        self.lock = threading.Lock()
        self.waiting = []
        self.socket, theirs = socket.socketpair()
        with theirs:
            attach = "0 %d %d %d" % (theirs.fileno(), 0x10001, speed)
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
        if endpoint == self.endpoint:
            with self.lock:
                self.waiting.append((number, length))
            return

        answer = self.device.control(*struct.unpack("<BBHHH", rest[20:28]), data)
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


def obey_lines(device):
    """Plugs a device in, and has it do what standard input says."""
    device.obey("plug")
    print("ready", flush=True)
    for line in sys.stdin:
        device.obey(line)
        print("done", flush=True)
