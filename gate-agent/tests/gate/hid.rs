//! A reader that types like a keyboard: a real device of the kernel, made through `/dev/uinput`.
//!
//! Where there is no such file, as in most containers, nothing is tested, and the test says so.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use card_link::{Format, Written};
use evdev::{AttributeSet, Device, EventType, InputEvent, KeyCode, uinput::VirtualDevice};
use gate_agent::{CardReader, ReaderPort};
use tempfile::TempDir;

use crate::rig::Rig;

const KEYS: [KeyCode; 12] = [
    KeyCode::KEY_0,
    KeyCode::KEY_1,
    KeyCode::KEY_2,
    KeyCode::KEY_3,
    KeyCode::KEY_4,
    KeyCode::KEY_5,
    KeyCode::KEY_6,
    KeyCode::KEY_7,
    KeyCode::KEY_8,
    KeyCode::KEY_9,
    KeyCode::KEY_A,
    KeyCode::KEY_ENTER,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_types_opens_the_gate_and_is_found_again_when_it_was_unplugged() {
    if !is_possible() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let by_id = dir.path().join("usb-RFID_Reader-event-kbd");
    let mut reader = plug(&by_id);
    let path = by_id.to_str().unwrap().to_owned();
    let mut rig = Rig::start_with_reader(CardReader {
        number: Format::Hex,
        sent_as: Written::Decimal,
        bytes: Some(4),
        ..CardReader::at(ReaderPort::Hid(path))
    })
    .await;

    type_line(&mut reader, "0006547886");
    let card = rig.ears.wait_for("card_detected", |_| true).await;
    assert_eq!(card["payload"]["card_id"], "0063E9AE");

    drop(reader);
    rig.ears
        .wait_for("hardware_status", |m| m["payload"]["card_reader"]["connected"] == false)
        .await;
    let mut reader = plug(&by_id);
    rig.ears
        .wait_for("hardware_status", |m| m["payload"]["card_reader"]["connected"] == true)
        .await;
    type_line(&mut reader, "0003808980");
    let card = rig.ears.wait_for("card_detected", |_| true).await;
    assert_eq!(card["payload"]["card_id"], "003A1ED4");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reader_types_reaches_nobody_else() {
    if !is_possible() {
        return;
    }
    let dir = TempDir::new().unwrap();
    let by_id = dir.path().join("usb-RFID_Reader-event-kbd");
    let _reader = plug(&by_id);
    let path = by_id.to_str().unwrap().to_owned();
    let _rig = Rig::start_with_reader(CardReader::at(ReaderPort::Hid(path))).await;

    let mut other = Device::open(&by_id).unwrap();
    let error = other.grab().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ResourceBusy, "{error}");
}

#[expect(clippy::print_stderr, reason = "a test that tests nothing says so")]
fn is_possible() -> bool {
    let possible = Path::new("/dev/uinput").exists();
    if !possible {
        eprintln!("skipped: there is no /dev/uinput here; `modprobe uinput`, or a virtual machine");
    }

    possible
}

/// A keyboard, under a name that stays the same.
fn plug(by_id: &Path) -> VirtualDevice {
    let keys: AttributeSet<KeyCode> = KEYS.into_iter().collect();
    let mut device = VirtualDevice::builder()
        .unwrap()
        .name("RFID Reader")
        .with_keys(&keys)
        .unwrap()
        .build()
        .unwrap();
    let node: PathBuf = device.enumerate_dev_nodes_blocking().unwrap().next().unwrap().unwrap();

    let _ = fs::remove_file(by_id);
    symlink(node, by_id).unwrap();
    device
}

fn type_line(reader: &mut VirtualDevice, text: &str) {
    let digits = text.bytes().map(|byte| match byte {
        b'0' => KeyCode::KEY_0,
        digit => KeyCode::new(KeyCode::KEY_1.code() + u16::from(digit - b'1')),
    });

    for key in digits.chain([KeyCode::KEY_ENTER]) {
        for value in [1, 0] {
            let event = InputEvent::new(EventType::KEY.0, key.code(), value);
            reader.emit(&[event]).unwrap();
        }
    }
}
