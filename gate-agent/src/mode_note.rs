//! The mode of the lane as it is kept in the journal, which outlives a restart.

use lane::Mode;
use schemas::{LaneMode, Timestamp};
use serde::{Deserialize, Serialize};

/// What is written, in JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    mode: LaneMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

pub(crate) fn write(mode: &Mode) -> String {
    let Mode { mode, owner, reason, until } = mode.clone();
    let note = Note { mode, owner, reason, until };

    serde_json::to_string(&note).expect("a note has no map keys")
}

/// The mode that was noted; a note that cannot be read is none.
pub(crate) fn read(note: &str) -> Option<Mode> {
    let Note { mode, owner, reason, until } = serde_json::from_str(note).ok()?;

    (mode != LaneMode::Unknown).then_some(Mode { mode, owner, reason, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_is_read_as_it_was_written() {
        let held = Mode {
            mode: LaneMode::HeldOpen,
            owner: Some("ann".to_owned()),
            reason: Some("market day".to_owned()),
            until: Some(Timestamp::from_second(1_700_000_000).unwrap()),
        };

        for mode in [held, Mode::AUTO, Mode::of(LaneMode::EmergencyOpen)] {
            assert_eq!(read(&write(&mode)), Some(mode));
        }
    }

    #[test]
    fn a_note_that_cannot_be_read_is_none() {
        for note in ["", "{}", r#"{"mode":"sideways"}"#, "emergency_open"] {
            assert_eq!(read(note), None, "{note}");
        }
    }
}
