//! What the agent says, in the envelope of its gate.

use schemas::{Answer, Body, GateId, Id, JournalPosition, MessageType, Report, Source};
use service::stamp;

/// Puts the gate, the time and an id on what is said.
#[derive(Debug, Clone)]
pub(crate) struct Voice {
    gate: GateId,
}

impl Voice {
    pub(crate) fn new(gate: GateId) -> Self {
        Self { gate }
    }

    pub(crate) fn gate(&self) -> &GateId {
        &self.gate
    }

    pub(crate) fn report(&self, body: Body) -> Report {
        Report {
            source: Source::Gate(self.gate.clone()),
            timestamp: stamp::now(),
            id: Some(stamp::new_id()),
            journal: None,
            cause: None,
            body,
        }
    }

    /// The answer to a command of type `kind`.
    pub(crate) fn answer(&self, kind: MessageType, answer: Answer) -> Report {
        let cause = Some(answer.command_id.clone());
        let body = if kind == MessageType::CameraControl {
            Body::CameraControlResponse(answer)
        } else {
            // Requests have no answer of their own; what is wrong with one is said like this.
            Body::GateControlResponse(answer)
        };

        Report { cause, ..self.report(body) }
    }

    /// The bytes of a journaled event: made once, with its number.
    pub(crate) fn encode_event(&self, draft: Report, journal: &Id, seq: u64) -> Vec<u8> {
        let journal = Some(JournalPosition { journal: journal.clone(), seq });

        Report { journal, ..draft }.encode()
    }
}
