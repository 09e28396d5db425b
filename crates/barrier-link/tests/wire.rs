//! What holds for every order, every report and every damage to a line.

use barrier_link::{
    Cause, Checksums, Contact, Hello, LineDecoder, LineError, Loop, MAX_LINE, Order, OrderKind,
    Position, Refusal, Report, ResetCause, Seq, State, to_line,
};
use proptest::{prelude::*, sample::select};
use std::{fmt, num::NonZeroU16, str::FromStr};

proptest! {
    #[test]
    fn every_order_parses_back_to_itself(order in orders()) {
        prop_assert_eq!(decode(to_line(&order).as_bytes()), [Ok(order)]);
        prop_assert_eq!(order.to_string().parse(), Ok(order));
    }

    #[test]
    fn every_report_parses_back_to_itself(report in reports()) {
        let line = to_line(&report);

        prop_assert!(line.len() <= MAX_LINE + 1, "{line}");
        prop_assert_eq!(decode(line.as_bytes()), [Ok(report.clone())]);
        prop_assert_eq!(report.to_string().parse(), Ok(report));
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        decode::<Order>(&bytes);
        decode::<Report>(&bytes);
        LineDecoder::<Order>::new(Checksums::Optional).feed(&bytes).count();
        LineDecoder::<Report>::new(Checksums::Optional).feed(&bytes).count();
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "(STATE |HELLO manless-barrier |OK |NO |OPEN )?\\PC{0,60}") {
        let _ = text.parse::<Order>();
        let _ = text.parse::<Report>();
    }
}

proptest! {
    // Each case is some 30,000 damaged pairs of lines.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_damaged_byte_makes_no_other_order(first in orders(), second in orders()) {
        damage(&first, &second)?;
    }

    #[test]
    fn a_damaged_byte_makes_no_other_report(first in reports(), second in reports()) {
        damage(&first, &second)?;
    }
}

/// Puts every value in place of every byte of two lines: what is still accepted was sent.
fn damage<T>(first: &T, second: &T) -> Result<(), TestCaseError>
where
    T: FromStr<Err = LineError> + fmt::Display + fmt::Debug + PartialEq,
{
    let sent = to_line(first) + &to_line(second);

    for at in 0..sent.len() {
        for byte in 0..=u8::MAX {
            let mut bytes = sent.clone().into_bytes();
            bytes[at] = byte;

            for item in decode::<T>(&bytes).into_iter().flatten() {
                prop_assert!(item == *first || item == *second, "{item} out of {bytes:?}");
            }
        }
    }

    Ok(())
}

fn decode<T: FromStr<Err = LineError>>(bytes: &[u8]) -> Vec<Result<T, LineError>> {
    LineDecoder::new(Checksums::Required).feed(bytes).collect()
}

fn orders() -> impl Strategy<Value = Order> {
    (select(OrderKind::ALL), seqs()).prop_map(|(kind, seq)| Order { kind, seq })
}

fn reports() -> impl Strategy<Value = Report> {
    prop_oneof![
        seqs().prop_map(Report::Ok),
        (seqs(), select(Refusal::ALL)).prop_map(|(seq, reason)| Report::Refused { seq, reason }),
        hellos().prop_map(Report::Hello),
        states().prop_map(Report::State),
    ]
}

fn seqs() -> impl Strategy<Value = Option<Seq>> {
    any::<Option<NonZeroU16>>().prop_map(|number| number.map(Seq::from))
}

fn hellos() -> impl Strategy<Value = Hello> {
    (any::<u16>(), "[0-9a-zA-Z.+_-]{1,24}", select(ResetCause::ALL)).prop_map(
        |(protocol, firmware, reset)| Hello {
            protocol,
            firmware: firmware.parse().expect("the pattern is that of a version"),
            reset,
        },
    )
}

fn states() -> impl Strategy<Value = State> {
    let inputs = (select(Loop::ALL), select(Loop::ALL), select(Contact::ALL), select(Contact::ALL));

    (select(Position::ALL), inputs, select(Cause::ALL)).prop_map(
        |(position, (closing_loop, arming_loop, manual, fire), moved_by)| State {
            position,
            closing_loop,
            arming_loop,
            manual,
            fire,
            moved_by,
        },
    )
}
