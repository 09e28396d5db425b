//! Lines: what the firmware makes of any bytes is what `barrier-link` makes of them.

use barrier_link::{OrderKind, to_line};
use proptest::{prelude::*, sample::select};

use crate::bench::Bench;

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_the_same_answers_from_both(lines in prop::collection::vec(line(), 1..12)) {
        let (mut firmware, mut simulated) = (Bench::firmware().ready(), Bench::simulated().ready());

        for line in &lines {
            let bytes = [line.as_slice(), b"\n"].concat();
            let answers = |bench: &mut Bench| -> Vec<String> {
                let heard = bench.send(&bytes).heard();
                heard.into_iter().filter(|line| !line.starts_with("STATE")).collect()
            };
            prop_assert_eq!(
                answers(&mut firmware),
                answers(&mut simulated),
                "to {:?} of {:?}",
                String::from_utf8_lossy(line),
                &lines
            );
        }
    }
}

#[test]
fn an_over_long_line_is_one_answer_and_the_next_line_is_heard() {
    for mut barrier in [Bench::firmware().ready(), Bench::simulated().ready()] {
        let noise = [b"x".repeat(400), b"\n".to_vec()].concat();

        barrier.send(&noise).after(100).says(["NO garbled"]);
        barrier.order("PING 1").says(["OK 1"]);
    }
}

#[test]
fn a_line_of_the_greatest_length_fits() {
    for mut barrier in [Bench::firmware().ready(), Bench::simulated().ready()] {
        let line = |length: usize| format!("PING 1{}\r\n", " ".repeat(length - 6));

        barrier.send(line(96).as_bytes()).says(["OK 1"]);
        barrier.send(line(97).as_bytes()).says(["NO garbled"]);
    }
}

/// Orders that move nothing, so that there is nothing but answers; sound and damaged; and noise.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let kinds = select(&[OrderKind::Ping, OrderKind::Hello, OrderKind::Close][..]);
    let order = (kinds, any::<u16>()).prop_map(|(kind, number)| format!("{kind} {number}"));
    let sealed = order.prop_map(|body| to_line(&body).trim_end().as_bytes().to_vec());
    let damaged = (sealed.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |(mut line, at, byte)| {
            let at = at.index(line.len());
            line[at] = byte;
            line
        },
    );
    let typed = "( ){0,2}[pPhHcC][a-zA-Z]{0,5}( ){0,2}[0-9+-]{0,6}( ){0,2}(\\*[0-9a-fA-F]{0,3})?"
        .prop_map(String::into_bytes);

    prop_oneof![
        3 => sealed,
        3 => damaged,
        3 => typed,
        1 => prop::collection::vec(any::<u8>(), 0..120),
    ]
}
