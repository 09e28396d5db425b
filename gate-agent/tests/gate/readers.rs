//! Card readers of every kind at the other end of a real pseudo-terminal.

use std::io::Write;

use card_link::{ByteOrder, Format, Framing, Written};
use gate_agent::{CardReader, ReaderPort};
use serialport::{SerialPort, TTYPort};

use crate::rig::Rig;

const RDM6300: &[u8] = b"\x02010063E9AE25\x03";

#[tokio::test(flavor = "multi_thread")]
async fn an_rdm6300_opens_the_gate() {
    let frames = [b"\x02010063E9AE25".as_slice(), b"\x03"];

    reads(frames, "010063E9AE", |reader| CardReader { framing: Framing::Rdm6300, ..reader }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_called_what_is_printed_on_it() {
    reads([RDM6300], "0006547886", |reader| CardReader {
        framing: Framing::Rdm6300,
        number: Format::Decimal,
        bytes: Some(4),
        ..reader
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_module_opens_the_gate() {
    let frame = b"\x02\x0A\x02\x06\x00\x8E\x6D\x5D\xB0\x03".as_slice();

    reads([frame], "06008E6D5D", |reader| CardReader { framing: Framing::BinaryModule, ..reader })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiegand_26_opens_the_gate() {
    reads([b"\x03\xA8\x37\x02".as_slice()], "212-07041", |reader| CardReader {
        framing: Framing::Wiegand26,
        number: Format::Wiegand26,
        ..reader
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiegand_34_opens_the_gate() {
    reads([b"\x00\x00\xC7\xD3\x5D".as_slice()], "0063E9AE", |reader| CardReader {
        framing: Framing::Wiegand34,
        ..reader
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_with_words_around_the_number_opens_the_gate() {
    reads([b"ID=00654".as_slice(), b"7886;"], "0063E9AE", |reader| CardReader {
        prefix: "ID=".to_owned(),
        line_end: ";".to_owned(),
        length: Some(9),
        number: Format::Hex,
        sent_as: Written::Decimal,
        bytes: Some(4),
        ..reader
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_begins_with_its_last_byte_opens_the_gate() {
    reads([b"AEE96300\r\n".as_slice()], "0063E9AE", |reader| CardReader {
        number: Format::Hex,
        byte_order: ByteOrder::Reversed,
        ..reader
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_that_are_held_to_the_reader_come_once_and_noise_never() {
    let (mut reader, mut rig) =
        start(|reader| CardReader { framing: Framing::Rdm6300, ..reader }).await;
    let noise: Vec<u8> = [b"\x02010063E9AE24\x03".as_slice(), b"\xFF\x00garbage\r\n"].concat();

    reader.write_all(&noise).unwrap();
    let said = rig
        .ears
        .wait_for("hardware_status", |m| m["payload"]["card_reader"]["detail"].is_string())
        .await;
    for _ in 0..25 {
        reader.write_all(RDM6300).unwrap();
        reader.write_all(b"\x0262E3086CED08\x03").unwrap();
    }
    reader.write_all(b"\x02100086F44426\x03").unwrap();

    let reader = &said["payload"]["card_reader"];
    assert_eq!((&reader["connected"], &reader["status"]), (&true.into(), &"ready".into()));
    let detail = reader["detail"].as_str().unwrap();
    assert!(detail.starts_with("noise: ") && detail.contains(" readings"), "{detail}");
    // Two were held to the reader at once; then came a third.
    for card in ["010063E9AE", "62E3086CED", "100086F444"] {
        let read = rig.ears.wait_for("card_detected", |_| true).await;
        assert_eq!(read["payload"]["card_id"], card, "{read}");
    }
}

/// A reader that is set up like this sends `frames`, and the card opens the gate.
async fn reads(
    frames: impl IntoIterator<Item = &'static [u8]>,
    card: &str,
    set_up: impl Fn(CardReader) -> CardReader,
) {
    let (mut reader, mut rig) = start(set_up).await;

    for frame in frames {
        reader.write_all(frame).unwrap();
        reader.flush().unwrap();
    }

    let read = rig.ears.wait_for("card_detected", |_| true).await;
    assert_eq!(read["payload"]["card_id"], card);
    assert_eq!(read["payload"]["decision"], "granted");
    rig.gate_is(|state| state.barrier.position == barrier_link::Position::Open).await;
}

async fn start(set_up: impl Fn(CardReader) -> CardReader) -> (TTYPort, Rig) {
    let (reader, port) = TTYPort::pair().unwrap();
    let path = port.name().unwrap();
    let config = set_up(CardReader::at(ReaderPort::Serial(path)));

    // The agent opens it by its name.
    drop(port);
    let rig = Rig::start_with_reader(config).await;

    (reader, rig)
}
