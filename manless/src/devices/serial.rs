//! Serial ports: what the system says of them, and what is customary behind it.

use std::path::{Path, PathBuf};

use serialport::{SerialPortInfo, SerialPortType, UsbPortInfo};

use super::{Device, access, by_id};

const BY_ID: &str = "/dev/serial/by-id";

/// Who makes what is plugged in, by its USB vendor and product. A vendor alone stands for all
/// that he makes. From the lists of the vendors: Arduino, FTDI, WCH, Silicon Labs, Prolific.
const KNOWN: [(u16, Option<u16>, &str); 12] = [
    (0x2341, Some(0x0043), "an Arduino Uno: probably a barrier controller"),
    (0x2341, Some(0x0001), "an Arduino Uno: probably a barrier controller"),
    (0x2341, None, "an Arduino: probably a barrier controller"),
    (0x2A03, None, "an Arduino: probably a barrier controller"),
    (
        0x1A86,
        Some(0x7523),
        "a CH340: an Arduino Nano or Uno of another maker, or an adapter for a card reader",
    ),
    (0x1A86, None, "a USB adapter (WCH): a card reader, or an Arduino of another maker"),
    (0x0403, Some(0x6001), "an FTDI adapter: a card reader, or an older Arduino Nano"),
    (0x0403, None, "an FTDI adapter: probably a card reader"),
    (0x10C4, None, "a CP210x adapter: probably a card reader"),
    (0x067B, None, "a Prolific adapter: probably a card reader"),
    (0x04D8, None, "a device with a Microchip controller: perhaps a card reader"),
    (0x1FC9, None, "a device with an NXP controller: perhaps a card reader"),
];

/// The serial ports of this machine, those with a USB plug first.
pub(crate) fn ports() -> Vec<Device> {
    // None is not told apart from a system that does not tell.
    let mut ports = serialport::available_ports().unwrap_or_default();
    ports.sort_by_key(|port| (usb(port).is_none(), port.port_name.clone()));

    ports.iter().map(device).collect()
}

/// Those with a USB plug: the names that stay the same.
pub(crate) fn plugged_in() -> Vec<String> {
    let ports = serialport::available_ports().unwrap_or_default();

    ports.iter().filter(|port| usb(port).is_some()).map(|port| device(port).name).collect()
}

fn device(port: &SerialPortInfo) -> Device {
    let node = PathBuf::from(&port.port_name);
    let name = by_id(Path::new(BY_ID), &node).unwrap_or_else(|| node.clone());

    Device {
        name: name.display().to_string(),
        label: usb(port).map(label).unwrap_or_default(),
        guess: guess(port),
        trouble: access::trouble(&node),
        node,
    }
}

fn usb(port: &SerialPortInfo) -> Option<&UsbPortInfo> {
    match &port.port_type {
        SerialPortType::UsbPort(usb) => Some(usb),
        SerialPortType::PciPort | SerialPortType::BluetoothPort | SerialPortType::Unknown => None,
    }
}

fn label(usb: &UsbPortInfo) -> String {
    let names = [usb.manufacturer.as_deref(), usb.product.as_deref()];
    let names: Vec<&str> = names.into_iter().flatten().collect();
    let serial = usb.serial_number.as_deref().map(|serial| format!(", serial number {serial}"));

    format!("{:04x}:{:04x} {}{}", usb.vid, usb.pid, names.join(" "), serial.unwrap_or_default())
}

fn guess(port: &SerialPortInfo) -> String {
    let Some(usb) = usb(port) else {
        return "built in; whether anything is connected to it cannot be seen".to_owned();
    };
    let known = KNOWN.iter().find(|(vendor, product, _)| {
        *vendor == usb.vid && product.is_none_or(|product| product == usb.pid)
    });

    known.map_or_else(
        || "unknown; `manless reader listen` shows what it sends".to_owned(),
        |(.., guess)| (*guess).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arduino_is_probably_a_barrier_controller() {
        let uno = port(0x2341, 0x0043);

        assert_eq!(guess(&uno), "an Arduino Uno: probably a barrier controller");
        assert_eq!(label(usb(&uno).unwrap()), "2341:0043 Maker Thing, serial number 42");
        assert!(guess(&port(0x2341, 0x8036)).starts_with("an Arduino:"));
    }

    #[test]
    fn what_is_not_known_is_said_to_be_unknown() {
        assert!(guess(&port(1, 2)).starts_with("unknown"));
        let built_in =
            SerialPortInfo { port_name: "/dev/ttyS0".into(), port_type: SerialPortType::Unknown };
        assert!(guess(&built_in).starts_with("built in"));
    }

    fn port(vid: u16, pid: u16) -> SerialPortInfo {
        SerialPortInfo {
            port_name: "/dev/ttyACM0".to_owned(),
            port_type: SerialPortType::UsbPort(UsbPortInfo {
                vid,
                pid,
                serial_number: Some("42".to_owned()),
                manufacturer: Some("Maker".to_owned()),
                product: Some("Thing".to_owned()),
            }),
        }
    }
}
