//! Cards as their readers' papers show them.

#![expect(clippy::disallowed_methods, reason = "an instant to count from")]

use std::time::Instant;

use card_link::{Decoder, Format, Framing, LineSettings, Noise, Number, Settings, Written};

/// An example of the datasheet that Seeed publishes of the RDM6300. Its number in decimal there
/// is wrong: 3E3086CED ends in `E3086CED`, which is 3808980205.
#[test]
fn an_rdm6300_of_seeed() {
    assert_eq!(read(Framing::Rdm6300, b"\x0262E3086CED08\x03"), [Ok("62E3086CED".to_owned())]);
    assert_eq!(decimal(Framing::Rdm6300, b"\x0262E3086CED08\x03"), "3808980205");
}

/// From the forum of hobbycomponents.com: printed on the card is 0008844356.
#[test]
fn an_rdm6300_of_hobbycomponents() {
    assert_eq!(decimal(Framing::Rdm6300, b"\x02100086F44426\x03"), "0008844356");
}

/// From forum.arduino.cc, topic 251993: printed on the card is 0006547886.
#[test]
fn an_rdm6300_of_the_arduino_forum() {
    let frame = b"\x02010063E9AE25\x03";

    assert_eq!(decimal(Framing::Rdm6300, frame), "0006547886");
    assert_eq!(
        read_as(Framing::Rdm6300, Number { format: Format::Wiegand26, ..Number::default() }, frame),
        [Ok("099-59822".to_owned())]
    );
}

/// The ID-12LA and ID-20LA of ID Innovations put CR and LF before ETX.
#[test]
fn an_id_12() {
    let frame = b"\x0262E3086CED08\r\n\x03";

    assert_eq!(read(Framing::Rdm6300, frame), [Ok("62E3086CED".to_owned())]);
}

/// The example in the listing of an EM module at newegg.com.
#[test]
fn an_em_module() {
    let frame = b"\x02\x0A\x02\x06\x00\x8E\x6D\x5D\xB0\x03";

    assert_eq!(read(Framing::BinaryModule, frame), [Ok("06008E6D5D".to_owned())]);
    assert_eq!(decimal(Framing::BinaryModule, frame), "0009334109");
}

/// By the same rule, for the seven bytes of a Mifare Ultralight.
#[test]
fn a_mifare_module() {
    let mut frame = vec![0x02, 0x0C, 0x01, 0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6];
    frame.push(frame[1..].iter().fold(0, |sum, byte| sum ^ byte));
    frame.push(0x03);

    assert_eq!(read(Framing::BinaryModule, &frame), [Ok("04A1B2C3D4E5F6".to_owned())]);
}

/// The manual of the Morpho MA220: `D41B81` goes out as 1, the 24 bits, 0.
#[test]
fn a_wiegand_26() {
    let frame = (1_u32 << 25 | 0x00D4_1B81 << 1).to_be_bytes();
    let wiegand = Number { format: Format::Wiegand26, ..Number::default() };

    assert_eq!(read(Framing::Wiegand26, &frame), [Ok("D41B81".to_owned())]);
    assert_eq!(read_as(Framing::Wiegand26, wiegand, &frame), [Ok("212-07041".to_owned())]);
}

/// The manuals of CIVINTEC: 32 bits, even parity over the first 16, odd over the last 16.
#[test]
fn a_wiegand_34() {
    let frame = (0x0063_E9AE_u64 << 1).to_be_bytes();

    assert_eq!(read(Framing::Wiegand34, &frame[3..]), [Err(Noise::Parity)]);
    let frame = (0x0063_E9AE_u64 << 1 | 1).to_be_bytes();
    assert_eq!(read(Framing::Wiegand34, &frame[3..]), [Ok("0063E9AE".to_owned())]);
}

/// As the firmware of a controller would pass on what its Wiegand reader sends.
#[test]
fn a_wiegand_in_words() {
    let settings = Settings {
        lines: LineSettings {
            prefix: "CARD W26 ".to_owned(),
            length: Some(6),
            ..LineSettings::default()
        },
        number: Number { format: Format::Wiegand26, ..Number::default() },
        ..Settings::default()
    };
    let mut decoder = Decoder::new(settings);

    let found = decoder.feed(b"HELLO\nCARD W26 D41B81\nCARD W26 D41B8\n", Instant::now());
    assert_eq!(found, [Err(Noise::Prefix), Ok("212-07041".to_owned()), Err(Noise::Length)]);
}

/// Readers of Nedap send prefix, number and suffix; those of Promag decimal numbers.
#[test]
fn lines_of_text() {
    let settings = |lines, number| Settings { lines, number, ..Settings::default() };
    let plain = LineSettings::default();
    let around = LineSettings { prefix: "<".into(), suffix: ">".into(), ..LineSettings::default() };
    let semicolon = LineSettings { line_end: ";".into(), ..LineSettings::default() };
    let hex = Number {
        format: Format::Hex,
        sent_as: Written::Decimal,
        bytes: Some(4),
        ..Number::default()
    };
    let as_sent = Number::default();

    for (settings, bytes, number) in [
        (settings(plain.clone(), as_sent), b"04A1B2\r\n".as_slice(), "04A1B2"),
        (settings(plain.clone(), as_sent), b"\r\n 04A1B2 \r", "04A1B2"),
        (settings(plain.clone(), as_sent), b"\x0204A1B2\r\n\x03", "04A1B2"),
        (settings(plain.clone(), as_sent), b"\x0204A1B2\x03", "04A1B2"),
        (settings(plain, hex), b"0006547886\n", "0063E9AE"),
        (settings(around, as_sent), b"<04A1B2>\r\n", "04A1B2"),
        (settings(semicolon, as_sent), b"04A1B2;", "04A1B2"),
    ] {
        settings.check().unwrap();
        let found = Decoder::new(settings).feed(bytes, Instant::now());
        assert_eq!(found, [Ok(number.to_owned())], "{bytes:?}");
    }
}

fn read(framing: Framing, bytes: &[u8]) -> Vec<Result<String, Noise>> {
    read_as(framing, Number::default(), bytes)
}

fn read_as(framing: Framing, number: Number, bytes: &[u8]) -> Vec<Result<String, Noise>> {
    let settings = Settings { framing, number, ..Settings::default() };

    Decoder::new(settings).feed(bytes, Instant::now())
}

/// As it is printed: the last four bytes.
fn decimal(framing: Framing, bytes: &[u8]) -> String {
    let printed = Number { format: Format::Decimal, bytes: Some(4), ..Number::default() };

    read_as(framing, printed, bytes).remove(0).expect("it is a card")
}
