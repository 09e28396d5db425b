//! Every message that can be written reads back as itself, and no bytes make the reader panic.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

#[path = "any/messages.rs"]
mod any_message;

use any_message::{commands, reports};
use proptest::prelude::*;
use schemas::*;

proptest! {
    #[test]
    fn every_report_parses_back_to_itself(report in reports()) {
        let message = Message::decode(&report.topic(), &report.encode()).unwrap();

        prop_assert_eq!(message, Message::Report(report));
    }

    #[test]
    fn every_command_parses_back_to_itself(command in commands()) {
        let message = Message::decode(&command.topic(), &command.encode()).unwrap();

        prop_assert_eq!(message, Message::Command(command));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        kind in prop::sample::select(&MessageType::ALL[..]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in r#"[{}\[\]":,a-z0-9 ]{0,80}"#,
    ) {
        let topic = Topic::Gate("gate_in".parse().unwrap(), kind);
        let _ = Message::decode(&topic, &bytes);
        let _ = Message::decode(&topic, text.as_bytes());
        let _ = Command::from_client(None, &text);
        let _ = Salvaged::from(&bytes);
    }
}
