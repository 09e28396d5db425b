//! The protocol, byte by byte: the cases of the Autobahn test suite that apply to a server that is
//! no echo, under their numbers there.
//!
//! Where the suite expects an echo, a message asks for what no gate can do and is answered with its
//! `command_id`: so it arrived whole. Cases 12 and 13 are about compression, which is not offered.

use crate::rig::{
    Site,
    raw::{BINARY, CLOSE, CONTINUATION, PING, PONG, Raw, TEXT, fin, part, spelled, unmasked},
};

/// The largest message that the gateway reads.
const MAX_MESSAGE: usize = 64 * 1024;
const PROTOCOL: u16 = 1002;
const NOT_TEXT: u16 = 1007;
const TOO_BIG: u16 = 1009;

#[tokio::test]
async fn case_1_messages_of_every_length_are_read() {
    let site = Site::start().await;
    let mut raw = raw(&site).await;

    // Shorter than a command: 1.1.1 an empty text, 1.2 binary ones.
    raw.send(&fin(TEXT, b"")).await;
    raw.is_heard("1.1.1").await;
    for (case, length) in [
        ("1.2.1", 0),
        ("1.2.2", 125),
        ("1.2.3", 126),
        ("1.2.4", 127),
        ("1.2.5", 128),
        ("1.2.6", 65_535),
        ("1.2.7", 65_536),
    ] {
        raw.send(&fin(BINARY, &vec![0xfe; length])).await;
        raw.is_heard(case).await;
    }
    raw.send_in_chops(&fin(BINARY, &vec![0xfe; 65_536]), 997).await;
    raw.is_heard("1.2.8").await;
    for (case, length) in [
        ("1.1.2", 125),
        ("1.1.3", 126),
        ("1.1.4", 127),
        ("1.1.5", 128),
        ("1.1.6", 65_535),
        ("1.1.7", 65_536),
    ] {
        raw.send(&fin(TEXT, &question_of(case, length))).await;
        raw.is_answered(case).await;
    }
    raw.send_in_chops(&fin(TEXT, &question_of("1.1.8", 65_536)), 997).await;
    raw.is_answered("1.1.8").await;
}

#[tokio::test]
async fn case_2_pings_are_answered_and_pongs_are_not() {
    let site = Site::start().await;
    let mut raw = raw(&site).await;

    // 2.1 to 2.4: without a payload, with text, with bytes, with as many as there may be.
    for payload in [&b""[..], b"Hello, world!", &[0, 255, 254, 253, 252, 251, 0, 255], &[0xfe; 125]]
    {
        raw.send(&fin(PING, payload)).await;
        raw.is_ponged(payload).await;
    }
    // 2.6: in octets.
    raw.send_in_octets(&fin(PING, &[0xfe; 125])).await;
    raw.is_ponged(&[0xfe; 125]).await;
    // 2.7 to 2.9: nobody asked for these pongs.
    raw.send(&[fin(PONG, b""), fin(PONG, b"unsolicited"), fin(PING, b"ping")].concat()).await;
    raw.is_ponged(b"ping").await;
    // 2.10, 2.11: ten at once, and in octets.
    let ten: Vec<u8> = (0..10).flat_map(|n| fin(PING, format!("ping {n}").as_bytes())).collect();
    raw.send(&ten).await;
    raw.send_in_octets(&ten).await;
    for n in (0..10).chain(0..10) {
        raw.is_ponged(format!("ping {n}").as_bytes()).await;
    }

    // 2.5: more than there may be.
    raw.send(&fin(PING, &[0xfe; 126])).await;
    raw.is_closed("2.5", PROTOCOL).await;
}

#[tokio::test]
async fn case_3_reserved_bits_close_the_connection() {
    let site = Site::start().await;

    for (case, first, payload) in [
        ("3.1", 0x81 | 0x40, &b"text"[..]),
        ("3.2", 0x81 | 0x20, b"text"),
        ("3.3", 0x81 | 0x30, b"text"),
        ("3.4", 0x81 | 0x10, b"text"),
        ("3.5", 0x82 | 0x50, &[0; 8]),
        ("3.6", 0x89 | 0x60, b"ping"),
        ("3.7", 0x88 | 0x70, b""),
    ] {
        let mut raw = raw(&site).await;
        raw.send(&fin(TEXT, &question(case))).await;
        raw.send_in_octets(&spelled(first, payload)).await;
        raw.send(&fin(PING, b"")).await;

        raw.is_answered(case).await;
        raw.is_closed(case, PROTOCOL).await;
    }
}

#[tokio::test]
async fn case_4_unknown_opcodes_close_the_connection() {
    let site = Site::start().await;

    for (opcode, payload) in (3..8).chain(11..16).zip([&b""[..], b"payload"].into_iter().cycle()) {
        let case = format!("4.{}", if opcode < 8 { 1 } else { 2 });
        let mut raw = raw(&site).await;
        raw.send(&fin(TEXT, &question(&case))).await;
        raw.send(&fin(opcode, payload)).await;
        raw.send(&fin(PING, b"")).await;

        raw.is_answered(&case).await;
        raw.is_closed(&format!("{case}, opcode {opcode}"), PROTOCOL).await;
    }
}

#[tokio::test]
async fn case_5_messages_in_parts_are_read_with_pings_between_them() {
    let site = Site::start().await;
    let mut raw = raw(&site).await;
    let whole = question("5");
    let (one, two) = whole.split_at(20);

    // 5.3 to 5.5: at once, each part alone, in octets.
    raw.send(&[part(TEXT, one), fin(CONTINUATION, two)].concat()).await;
    raw.is_answered("5").await;
    raw.send(&part(TEXT, one)).await;
    raw.send(&fin(CONTINUATION, two)).await;
    raw.is_answered("5").await;
    raw.send_in_octets(&[part(TEXT, one), fin(CONTINUATION, two)].concat()).await;
    raw.is_answered("5").await;

    // 5.6 to 5.8: with a ping between the parts, which is answered first.
    let pinged = [part(TEXT, one), fin(PING, b"between"), fin(CONTINUATION, two)].concat();
    raw.send(&pinged).await;
    raw.is_ponged(b"between").await;
    raw.is_answered("5").await;
    raw.send_in_octets(&pinged).await;
    raw.is_ponged(b"between").await;
    raw.is_answered("5").await;

    // 5.19, 5.20: five parts and two pings, the pauses are those of the answers.
    let parts: Vec<&[u8]> = whole.chunks(whole.len().div_ceil(5)).collect();
    raw.send(&[part(TEXT, parts[0]), part(CONTINUATION, parts[1]), fin(PING, b"1")].concat()).await;
    raw.is_ponged(b"1").await;
    raw.send(&[part(CONTINUATION, parts[2]), part(CONTINUATION, parts[3])].concat()).await;
    raw.send(&[fin(PING, b"2"), fin(CONTINUATION, parts[4])].concat()).await;
    raw.is_ponged(b"2").await;
    raw.is_answered("5").await;
}

#[tokio::test]
async fn case_5_parts_that_do_not_belong_together_close_the_connection() {
    let site = Site::start().await;
    let text = question("5");

    for (case, bytes) in [
        ("5.1", vec![part(PING, b"frag"), fin(CONTINUATION, b"ment")]),
        ("5.2", vec![part(PONG, b"frag"), fin(CONTINUATION, b"ment")]),
        ("5.9", vec![fin(CONTINUATION, b"nothing"), fin(TEXT, &text)]),
        ("5.12", vec![part(CONTINUATION, b"nothing"), fin(TEXT, &text)]),
        ("5.16", vec![part(CONTINUATION, b"1"), part(TEXT, b"2"), fin(CONTINUATION, b"3")]),
        ("5.17", vec![fin(CONTINUATION, b"1"), part(TEXT, b"2"), fin(CONTINUATION, b"3")]),
        ("5.18", vec![part(TEXT, b"frag"), fin(TEXT, b"ment")]),
    ] {
        let mut at_once = raw(&site).await;
        at_once.send(&bytes.concat()).await;
        at_once.is_closed(case, PROTOCOL).await;

        // 5.10, 5.11, 5.13 and 5.14 are 5.9 and 5.12 in other packets.
        let mut in_octets = raw(&site).await;
        in_octets.send_in_octets(&bytes.concat()).await;
        in_octets.is_closed(case, PROTOCOL).await;
    }

    let mut raw = raw(&site).await;
    raw.send(&[part(TEXT, &text[..9]), fin(CONTINUATION, &text[9..])].concat()).await;
    raw.send(&[part(CONTINUATION, b"nothing"), fin(TEXT, &text)].concat()).await;
    raw.is_answered("5").await;
    raw.is_closed("5.15", PROTOCOL).await;
}

#[tokio::test]
async fn case_6_text_is_utf8_wherever_it_is_cut() {
    let site = Site::start().await;
    let mut empty = raw(&site).await;

    // 6.1: nothing at all, in one part and in three; in the middle of three.
    for bytes in [
        fin(TEXT, b""),
        [part(TEXT, b""), part(CONTINUATION, b""), fin(CONTINUATION, b"")].concat(),
        [part(TEXT, b""), part(CONTINUATION, b"middle"), fin(CONTINUATION, b"")].concat(),
    ] {
        empty.send(&bytes).await;
        empty.is_heard("6.1").await;
    }

    // 6.2, 6.5, 6.7, 6.9, 6.11, 6.13, 6.16, 6.17, 6.22, 6.23: valid, whole and in parts of one octet.
    for text in [
        "Hello-µ@ßöäüàá-UTF-8!!",
        "κόσμε",
        "\u{80}",
        "\u{800}",
        "\u{10000}",
        "\u{7f}",
        "\u{7ff}",
        "\u{ffff}",
        "\u{d7ff}",
        "\u{e000}",
        "\u{fffd}",
        "\u{10ffff}",
        "\u{fffe}",
    ] {
        // More than 20 bad messages in a row would be a flood.
        let mut raw = raw(&site).await;
        let message = labelled(text.as_bytes());
        raw.send(&fin(TEXT, &message)).await;
        raw.is_answered("6").await;
        raw.send(&in_parts(&message)).await;
        raw.is_answered("6").await;
    }
}

#[tokio::test]
async fn case_6_what_is_not_utf8_closes_the_connection() {
    let site = Site::start().await;

    for (case, bytes) in [
        ("6.3", &b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"[..]),
        ("6.4", b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited"),
        ("6.6", b"\xce\xba\xe1\xbd"),
        ("6.8", b"\xf8\x88\x80\x80\x80"),
        ("6.8", b"\xfc\x84\x80\x80\x80\x80"),
        ("6.10", b"\xf7\xbf\xbf\xbf"),
        ("6.10", b"\xfb\xbf\xbf\xbf\xbf"),
        ("6.11", b"\xf4\x90\x80\x80"),
        ("6.12", b"\x80"),
        ("6.12", b"\x80\xbf\x80\xbf"),
        ("6.13", b"\xc0 \xc1 \xc2 \xc3 "),
        ("6.13", b"\xe0 \xe1 \xe2 "),
        ("6.14", b"\xc0"),
        ("6.14", b"\xe0\x80"),
        ("6.14", b"\xf0\x80\x80"),
        ("6.15", b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80\xdf\xef\xbf"),
        ("6.16", b"\xfe"),
        ("6.16", b"\xfe\xfe\xff\xff"),
        ("6.18", b"\xc0\xaf"),
        ("6.18", b"\xf0\x80\x80\xaf"),
        ("6.19", b"\xc1\xbf"),
        ("6.19", b"\xe0\x9f\xbf"),
        ("6.20", b"\xe0\x80\x80"),
        ("6.21", b"\xed\xa0\x80"),
        ("6.21", b"\xed\xaf\xbf\xed\xbf\xbf"),
    ] {
        let mut whole = raw(&site).await;
        whole.send(&fin(TEXT, bytes)).await;
        whole.is_closed(case, NOT_TEXT).await;

        let mut parts = raw(&site).await;
        parts.send(&in_parts(bytes)).await;
        parts.is_closed(case, NOT_TEXT).await;
    }

    // 6.4.1: at once, not when the rest of the message is there.
    let mut raw = raw(&site).await;
    raw.send(&part(TEXT, b"\xce\xba\xf4\x90\x80\x80")).await;
    raw.is_closed("6.4.1", NOT_TEXT).await;
}

#[tokio::test]
async fn case_7_whoever_closes_is_answered_and_nothing_comes_after() {
    let site = Site::start().await;

    for (case, before, after) in [
        ("7.1.1", fin(TEXT, &question("7")), Vec::new()),
        ("7.1.2", Vec::new(), fin(CLOSE, &1000_u16.to_be_bytes())),
        ("7.1.3", Vec::new(), fin(PING, b"late")),
        ("7.1.4", Vec::new(), fin(TEXT, &question("7"))),
        ("7.1.5", part(TEXT, b"frag"), fin(CONTINUATION, b"ment")),
    ] {
        let mut raw = raw(&site).await;
        raw.send(&[before, fin(CLOSE, &1000_u16.to_be_bytes()), after].concat()).await;

        if case == "7.1.1" {
            raw.is_answered("7").await;
        }
        raw.is_closed(case, 1000).await;
    }
}

#[tokio::test]
async fn case_7_a_close_may_have_a_code_and_a_reason() {
    let site = Site::start().await;
    let reason = |length: usize| [&1000_u16.to_be_bytes()[..], &vec![b'*'; length]].concat();

    let mut silent = raw(&site).await;
    silent.send(&fin(CLOSE, b"")).await;
    let answer = silent.frame().await.unwrap();
    assert_eq!((answer.first, answer.payload.len()), (0x88, 0), "7.3.1");
    silent.is_over("7.3.1").await;

    for (case, payload, code) in [
        ("7.3.2", b"a".to_vec(), PROTOCOL),
        ("7.3.3", reason(0), 1000),
        ("7.3.4", [&1000_u16.to_be_bytes()[..], b"Hello World!"].concat(), 1000),
        ("7.3.5", reason(123), 1000),
        ("7.3.6", reason(124), PROTOCOL),
        ("7.5.1", [&1000_u16.to_be_bytes()[..], b"\xce\xba\xe1\xbd"].concat(), NOT_TEXT),
    ] {
        let mut raw = raw(&site).await;
        raw.send(&fin(CLOSE, &payload)).await;
        raw.is_closed(case, code).await;
    }
}

#[tokio::test]
async fn case_7_codes_that_may_be_said_are_said_back_and_others_are_not() {
    let site = Site::start().await;
    let valid = [1000_u16, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    let invalid = [0_u16, 999, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];

    for (codes, answer) in [(&valid[..], None), (&invalid[..], Some(PROTOCOL))] {
        for code in codes {
            let mut raw = raw(&site).await;
            raw.send(&fin(CLOSE, &code.to_be_bytes())).await;
            raw.is_closed("7.7, 7.9, 7.13", answer.unwrap_or(*code)).await;
        }
    }
}

#[tokio::test]
async fn case_9_messages_are_read_up_to_the_limit_however_they_come() {
    let site = Site::start().await;
    let mut raw = raw(&site).await;
    let whole = question_of("9", MAX_MESSAGE);

    // 9.1: whole. 9.3: in parts. 9.5: in chops.
    raw.send(&fin(TEXT, &whole)).await;
    raw.is_answered("9").await;
    for length in [64, 256, 1_024, 4_096, 16_384, 65_536] {
        let mut parts: Vec<Vec<u8>> =
            whole.chunks(length).map(|chunk| part(CONTINUATION, chunk)).collect();
        parts[0] = part(TEXT, &whole[..length]);
        parts.push(fin(CONTINUATION, b""));
        raw.send(&parts.concat()).await;
        raw.is_answered("9").await;
    }
    for length in [64, 128, 256, 512, 1_024, 2_048] {
        raw.send_in_chops(&fin(TEXT, &whole), length).await;
        raw.is_answered("9").await;
    }
}

#[tokio::test]
async fn case_9_beyond_the_limit_the_connection_is_closed_before_the_rest_is_read() {
    let site = Site::start().await;
    let half = vec![b' '; MAX_MESSAGE / 2];

    for (case, bytes) in [
        // The head alone says that it is too long: 256 KiB, 16 MiB, more than any memory.
        ("9.1.2", vec![0x81, 0xff, 0, 0, 0, 0, 0, 4, 0, 0, 1, 2, 3, 4]),
        ("9.1.6", vec![0x81, 0xff, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4]),
        ("9.2.6", vec![0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4]),
        ("9.1.1", fin(TEXT, &vec![b' '; MAX_MESSAGE + 1])),
        ("9.3", [part(TEXT, &half), part(CONTINUATION, &half), fin(CONTINUATION, b" ")].concat()),
    ] {
        let mut raw = raw(&site).await;
        raw.send(&bytes).await;
        raw.is_closed(case, TOO_BIG).await;
    }
}

#[tokio::test]
async fn what_is_not_masked_closes_the_connection() {
    let site = Site::start().await;
    let mut raw = raw(&site).await;

    raw.send(&unmasked(0x81, b"{}")).await;

    raw.is_closed("RFC 6455, 5.1", PROTOCOL).await;
}

#[tokio::test]
async fn what_comes_right_behind_the_request_is_read() {
    let site = Site::start().await;
    let early = [fin(PING, b"early"), fin(TEXT, &question("early"))].concat();

    let mut raw = Raw::connect_saying(site.gateway, "/ws/gate_in", &early).await;

    // In the middle of its greeting or after it.
    let (mut pong, mut answer) = (false, false);
    while !(pong && answer) {
        let frame = raw.frame().await.expect("the connection ended");
        pong |= frame.payload == b"early";
        answer |= String::from_utf8_lossy(&frame.payload).contains(r#""command_id":"early""#);
    }
}

#[tokio::test]
async fn case_12_compression_that_is_offered_is_not_taken() {
    let site = Site::start().await;
    let raw = raw(&site).await;

    assert!(raw.head.starts_with("HTTP/1.1 101 "), "{}", raw.head);
    assert!(raw.head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{}", raw.head);
    assert!(!raw.head.to_lowercase().contains("sec-websocket-extensions"), "{}", raw.head);
}

async fn raw(site: &Site) -> Raw {
    Raw::greeted(site.gateway, "/ws/gate_in").await
}

/// Something that no gate can do, and that is answered with this id.
fn question(id: &str) -> Vec<u8> {
    question_of(id, 0)
}

/// The same, and at least so long.
fn question_of(id: &str, length: usize) -> Vec<u8> {
    let text =
        format!(r#"{{"type":"gate_control","payload":{{"action":"fly","command_id":"{id}","x":"""#);

    filled(text, length)
}

fn filled(mut text: String, length: usize) -> Vec<u8> {
    text.pop();
    let end = r#""}}"#;
    let missing = length.saturating_sub(text.len() + end.len());
    text.push_str(&"*".repeat(missing));
    text.push_str(end);

    text.into_bytes()
}

/// A question with some text in it.
fn labelled(text: &[u8]) -> Vec<u8> {
    let mut message = question("6");
    let at = message.len() - 3;
    message.splice(at..at, text.iter().copied());

    message
}

/// A message in parts of one octet.
fn in_parts(message: &[u8]) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> =
        message.chunks(1).map(|octet| part(CONTINUATION, octet)).collect();
    parts[0] = part(TEXT, &message[..1]);
    parts.push(fin(CONTINUATION, b""));

    parts.concat()
}
