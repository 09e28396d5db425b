//! The conversation with one dashboard: it is told what happens, and sends commands.

use std::{collections::VecDeque, sync::Arc};

use audit::Via;
use schemas::{AnswerCode, Command, CommandBody, Fault, Id, Salvaged, SessionBody, is_ping};
use service::stamp;
use tokio::time::Instant;

use super::{Party, fault, say_to};
use crate::{
    allowance::{Allowance, Urgency},
    audit::Who,
    command::{self, Refusal},
    figures::By,
    hub::{About, Channel, Seat},
    outbox::{Frame, frame},
    relay::{Relay, reason},
    uplink::BrokerUnavailable,
    visitor::Visitor,
};

/// How many commands of one client may wait for their first answer.
const AWAITED: usize = 100;

/// Passes commands on, and answers those that nobody could carry out.
#[derive(Debug)]
pub(crate) struct Dashboard {
    relay: Arc<Relay>,
    seat: Seat,
    visitor: Visitor,
    allowance: Allowance,
    /// How many commands were refused one after the other because they were too many.
    flood: u64,
    /// What gates were asked and have not answered yet, the oldest first.
    awaited: VecDeque<(Instant, Command)>,
}

impl Dashboard {
    pub(crate) fn new(relay: Arc<Relay>, seat: Seat, visitor: Visitor) -> Self {
        let allowance = Allowance::new(&relay.config.limits, Instant::now());

        Self { relay, seat, visitor, allowance, flood: 0, awaited: VecDeque::new() }
    }

    /// Gives the seat back.
    pub(crate) fn close(self) {
        for (_, command) in &self.awaited {
            if let Some(id) = command.command_id() {
                self.relay.hub.give_up(id);
            }
        }

        self.relay.hub.leave(&self.seat);
    }

    fn order(&mut self, command: Command, now: Instant) {
        self.relay.figures.commands.count();
        let (checked, who) = (self.check(&command, now), self.who());
        let is_flood = self.is_flood(&checked);
        if !is_flood {
            self.relay.audit.commanded(&command, &who);
        }

        let Err(refusal) = checked.and_then(|()| self.send(&command, now)) else { return };
        self.relay.figures.refused_commands.count();
        if is_flood {
            // One record and one word on `admin` were enough.
            self.seat.outbox.push_event(&self.in_words(&command, &refusal).1);
            return;
        }
        self.relay.audit.refused(&command, &who, &refusal);
        self.answer(&command, &refusal, Some(frame(command.encode())));
    }

    /// Whether it is one more of a flood: the first that is refused is worth a record, and one.
    fn is_flood(&mut self, checked: &Result<(), Refusal>) -> bool {
        let is_one = checked.as_ref().is_err_and(|refusal| refusal.code == AnswerCode::RateLimited);
        self.flood = if is_one { self.flood + 1 } else { 0 };

        self.flood > 1
    }

    fn who(&self) -> Who {
        Who::of(&self.visitor, Via::Websocket, Some(self.seat.session))
    }

    /// How often somebody may ask comes first: who may not command is no trouble either.
    fn check(&mut self, command: &Command, now: Instant) -> Result<(), Refusal> {
        let urgency = Urgency::of(command);
        if !self.allowance.take(urgency, now) {
            return Err(too_many("this client sends"));
        }
        self.check_right(command)?;
        self.relay.reach(&command.gate)?;
        if !self.relay.gates.take(&command.gate, urgency, now) {
            return Err(too_many("all clients together send this gate"));
        }

        self.check_awaited(urgency)
    }

    fn send(&mut self, command: &Command, now: Instant) -> Result<(), Refusal> {
        self.expect_answer(command, now);
        self.relay.publish_bytes(&command.topic(), command.encode()).map_err(|BrokerUnavailable| {
            self.forget(command);
            Refusal::no_broker()
        })
    }

    /// What is urgent has a place where nothing else has one any more.
    fn check_awaited(&self, urgency: Urgency) -> Result<(), Refusal> {
        let bound = if urgency == Urgency::Urgent { 2 * AWAITED } else { AWAITED };
        if self.awaited.len() < bound {
            return Ok(());
        }

        let message = format!("{bound} commands wait for an answer: wait for some of them");
        Err(Refusal::rejected(AnswerCode::RateLimited, message))
    }

    fn forget(&mut self, command: &Command) {
        self.awaited.retain(|(_, awaited)| awaited.command_id() != command.command_id());
        if let Some(id) = command.command_id() {
            self.relay.hub.give_up(id);
        }
    }

    /// Before anything else: who may not command a gate is not told how it is.
    fn check_right(&self, command: &Command) -> Result<(), Refusal> {
        if self.visitor.may_command(&command.topic(), &self.relay.root) {
            return Ok(());
        }
        let (role, kind, gate) = (self.visitor.role(), command.body.message_type(), &command.gate);
        let message = format!("you are logged in as {role}, and may not send {kind} to {gate}");

        Err(Refusal::rejected(AnswerCode::Unauthorized, message))
    }

    /// Requests have no answers of their own: what they ask for comes as states and events.
    fn expect_answer(&mut self, command: &Command, now: Instant) {
        match (&command.body, command.command_id()) {
            (CommandBody::GateControl(_) | CommandBody::CameraControl(_), Some(id)) => {
                // The same id again starts the wait anew.
                self.awaited.retain(|(_, awaited)| awaited.command_id() != Some(id));
                self.relay.hub.expect_answer(id.clone());
                let due = now + self.relay.config.answer_within;
                self.awaited.push_back((due, command.clone()));
            }
            (CommandBody::RequestStatus(_) | CommandBody::RequestEvents(_), _) | (_, None) => {}
        }
    }

    /// The gateway answers by itself: the client first, and then `admin`, where one sees before it
    /// what was `refused`. What was sent comes back from the broker, and is seen there.
    fn answer(&self, command: &Command, refusal: &Refusal, refused: Option<Frame>) {
        let (id, answer) = self.in_words(command, refusal);
        if self.seat.channel != Channel::Admin {
            self.seat.outbox.push_event(&answer);
        }

        let about = || About::Gate(command.gate.clone());
        if let Some(refused) = refused {
            self.relay.hub.tell_admin(about(), command.id.clone(), &refused);
        }
        self.relay.hub.tell_admin(about(), id, &answer);
    }

    /// The answer of the gateway itself, and its id.
    fn in_words(&self, command: &Command, refusal: &Refusal) -> (Option<Id>, Frame) {
        let (action, Refusal { status, code, .. }) = (command.body.action(), refusal);
        self.relay.figures.outcomes.count(&action, *status, Some(*code), By::Gateway);

        match refusal.answer(command, stamp::now()) {
            Some(answer) => (answer.id.clone(), frame(answer.encode())),
            None => (None, self.error(command, refusal)),
        }
    }

    /// Requests have no answers: what is wrong with them is an error.
    fn error(&self, command: &Command, refusal: &Refusal) -> Frame {
        let id = command.command_id().cloned();
        let fault = fault(&refusal.code.to_string(), refusal.message.clone(), id);

        say_to(self.name(), SessionBody::Error(fault))
    }
}

impl Party for Dashboard {
    fn name(&self) -> String {
        self.seat.channel.to_string()
    }

    fn hear(&mut self, text: &str, now: Instant) -> Result<(), Fault> {
        if is_ping(text) {
            self.seat.outbox.push_event(&say_to(self.name(), SessionBody::Pong {}));
            return Ok(());
        }
        let command = Command::from_client(self.seat.channel.gate(), text).map_err(|error| {
            self.relay.figures.bad_frames.count();
            let id = Salvaged::from(text.as_bytes()).command_id;
            let message = format!("{}; send a command of the contract", reason(&error));
            fault("invalid", message, id)
        })?;

        self.order(command::stamp(command, self.visitor.name(), stamp::now()), now);
        Ok(())
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.awaited.front().map(|(due, _)| *due)
    }

    fn handle_timeout(&mut self, now: Instant) {
        while self.poll_timeout().is_some_and(|due| due <= now) {
            let Some((_, command)) = self.awaited.pop_front() else { return };
            let unanswered = command.command_id().is_some_and(|id| self.relay.hub.give_up(id));
            if unanswered {
                self.relay.figures.unanswered_commands.count();
                let message = format!("{} did not answer in time", command.gate);
                let refusal = Refusal::failed(AnswerCode::Timeout, message);
                self.relay.audit.unanswered(&command, &self.who(), &refusal);
                self.answer(&command, &refusal, None);
            }
        }
    }
}

fn too_many(who: &str) -> Refusal {
    let message =
        format!("{who} too many commands: wait a second, and send it again if it is still wanted");

    Refusal::rejected(AnswerCode::RateLimited, message)
}
