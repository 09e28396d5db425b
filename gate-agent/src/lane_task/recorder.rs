//! What a lane records, as the events of the contract.

use std::collections::VecDeque;

use lane::Record;
use schemas::{Body, CardDetected, Decision, EventName, Id, ParkingEvent, Passage, Report};
use service::stamp;
use tracing::info;

use crate::{camera::Witness, config::Direction, voice::Voice};

/// Of more cards than this the events about them are not looked for: a lane has room for two or
/// three vehicles.
const CARDS: usize = 8;

/// Makes events of what a lane records.
#[derive(Debug)]
pub(super) struct Recorder {
    voice: Voice,
    direction: Direction,
    /// The latest first. What a card led to names the event about it as its cause.
    cards: VecDeque<Said>,
}

/// What was said of a card.
#[derive(Debug)]
struct Said {
    card: String,
    decision: Decision,
    event: Id,
}

impl Recorder {
    pub(super) fn new(voice: Voice, direction: Direction) -> Self {
        Self { voice, direction, cards: VecDeque::with_capacity(CARDS) }
    }

    /// The events that say so: all of them are written, or none.
    pub(super) fn events(&mut self, record: Record, witness: &mut Witness) -> Vec<Report> {
        match record {
            Record::Card { card, decision, reason, command } => {
                vec![self.card(card, decision, reason.map(Into::into), command)]
            }
            Record::Passage { trigger, confirmation, card, command } => {
                let event_id = stamp::new_id();
                let passage = Passage {
                    image_id: witness.see_passage(&event_id),
                    event_id,
                    card_id: card,
                    trigger,
                    passage: confirmation,
                };
                self.passage(passage, command).to_vec()
            }
            Record::Event { event: name, card, command, detail } => {
                info!(event = ?name, "Event");
                let cause = self.cause(card.as_deref(), command.as_ref());
                let event = ParkingEvent {
                    card_id: card,
                    command_id: command,
                    detail: detail.map(Into::into),
                    ..event(name)
                };
                vec![Report { cause, ..self.voice.report(Body::ParkingEvent(event)) }]
            }
        }
    }

    fn card(
        &mut self,
        card: String,
        decision: Decision,
        reason: Option<String>,
        command: Option<Id>,
    ) -> Report {
        info!(?decision, reason, "Card");
        let cause = command.or_else(|| self.question(&card));
        let report = self.voice.report(Body::CardDetected(CardDetected {
            card_id: card.clone(),
            reader: Some("card_reader".to_owned()),
            decision,
            reason,
        }));

        self.cards.truncate(CARDS - 1);
        if let Some(event) = report.id.clone() {
            self.cards.push_front(Said { card, decision, event });
        }
        Report { cause, ..report }
    }

    fn passage(&self, passage: Passage, command: Option<Id>) -> [Report; 2] {
        info!(trigger = ?passage.trigger, passage = ?passage.passage, "Passage");
        let cause = self.cause(passage.card_id.as_deref(), command.as_ref());
        let event = ParkingEvent {
            event_id: Some(passage.event_id.clone()),
            card_id: passage.card_id.clone(),
            image_id: passage.image_id.clone(),
            command_id: command,
            ..event(match self.direction {
                Direction::Entry => EventName::Entry,
                Direction::Exit => EventName::Exit,
            })
        };
        let passage = match self.direction {
            Direction::Entry => Body::ParkingEntry(passage),
            Direction::Exit => Body::ParkingExit(passage),
        };

        [passage, Body::ParkingEvent(event)]
            .map(|body| Report { cause: cause.clone(), ..self.voice.report(body) })
    }

    /// The command that led to something, or else the event about the card.
    fn cause(&self, card: Option<&str>, command: Option<&Id>) -> Option<Id> {
        command.cloned().or_else(|| self.last_said(card?).map(|said| said.event.clone()))
    }

    /// The event that said that the card is being decided on.
    fn question(&self, card: &str) -> Option<Id> {
        let said = self.last_said(card)?;

        (said.decision == Decision::Pending).then(|| said.event.clone())
    }

    fn last_said(&self, card: &str) -> Option<&Said> {
        self.cards.iter().find(|said| said.card == card)
    }
}

fn event(event: EventName) -> ParkingEvent {
    ParkingEvent {
        event,
        event_id: None,
        card_id: None,
        image_id: None,
        command_id: None,
        detail: None,
    }
}
