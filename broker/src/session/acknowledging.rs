//! Messages from the client and to it, until each side knows that the other has them (4.3).

use std::time::Duration;

use super::{Close, Session, recording::Until, window::Outcome};
use crate::{
    codec::{
        PacketId, Qos, Reason, Verdict, Version,
        encode::{self, Answer},
    },
    exchange::Incoming,
    store::{Change, Ticket},
};

/// An answer that is due when what it answers is safe, and everything before it is answered.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) until: Until,
    answer: Answer,
    id: PacketId,
    reason: Reason,
    text: &'static str,
}

/// What became of a message that the client published: when it is safe, or why it was not taken.
pub(crate) type PublishOutcome = Result<Option<Ticket>, Reason>;

impl Session {
    /// 3.3.4: a client of MQTT 5 was told how many messages it may have unanswered.
    pub(super) fn check_receive_maximum(&self, id: PacketId) -> Result<(), Close> {
        let is_known = self.kept.incoming.contains(&id);
        let unanswered = self.unanswered.iter().filter(|next| next.answer == Answer::Ack);
        let open = unanswered.count() + self.kept.incoming.len();

        if self.version == Version::V5
            && !is_known
            && open >= self.limits.receive_maximum.get().into()
        {
            let detail = "more messages at once than the broker takes";
            return Err(Close::new(Reason::ReceiveMaximumExceeded, detail));
        }
        Ok(())
    }

    /// How many answers wait for the store.
    pub(crate) fn unanswered(&self) -> usize {
        self.unanswered.len()
    }

    /// What the store has to know of a message of QoS 2 that is about to be published.
    pub(crate) fn incoming(&self, qos: Qos, packet_id: Option<PacketId>) -> Option<Incoming> {
        let record = self.kept.member.record?;

        packet_id
            .filter(|_| qos == Qos::ExactlyOnce)
            .map(|packet_id| Incoming { record, packet_id })
    }

    /// Takes note of what became of a message from the client.
    pub(crate) fn published(
        &mut self,
        qos: Qos,
        packet_id: Option<PacketId>,
        outcome: PublishOutcome,
    ) {
        let Some(id) = packet_id else { return };
        let ticket = match outcome {
            Ok(ticket) => ticket,
            Err(reason) => return self.refused(packet_id, qos, reason, ""),
        };

        if qos == Qos::ExactlyOnce {
            self.kept.incoming.insert(id);
            self.kept.safe = ticket.or(self.kept.safe);
        }
        self.answer_later(qos, id, ticket);
    }

    /// A message was not taken. Before MQTT 5 it is acknowledged all the same. `text` is what the
    /// reason does not say.
    pub(super) fn refused(
        &mut self,
        packet_id: Option<PacketId>,
        qos: Qos,
        reason: Reason,
        text: &'static str,
    ) {
        if let Some(id) = packet_id {
            let answer = Answer::to(qos);
            self.put_answer(Unanswered { until: Until::Now, answer, id, reason, text });
        }
    }

    /// The client did not get the answer to a message of QoS 2, or not yet.
    pub(super) fn answer_again(&mut self, id: PacketId) {
        let ticket = self.kept.safe;
        self.answer_later(Qos::ExactlyOnce, id, ticket);
    }

    fn answer_later(&mut self, qos: Qos, id: PacketId, ticket: Option<Ticket>) {
        let (until, answer, reason) = (ticket.into(), Answer::to(qos), Reason::Success);
        self.put_answer(Unanswered { until, answer, id, reason, text: "" });
    }

    fn put_answer(&mut self, answer: Unanswered) {
        if self.unanswered.is_empty() && answer.until == Until::Now {
            return self.write_answer(&answer);
        }
        self.unanswered.push_back(answer);
    }

    /// Gives the answers that are due.
    pub(super) fn answer(&mut self, is_committed: impl Fn(Ticket) -> bool) {
        while self.unanswered.front().is_some_and(|next| next.until.is_over(&is_committed))
            && let Some(next) = self.unanswered.pop_front()
        {
            self.write_answer(&next);
        }
    }

    fn write_answer(&mut self, unanswered: &Unanswered) {
        let Unanswered { answer, id, reason, text, .. } = *unanswered;
        // 3.1.2.11.7, 3.4.2.2.2: not where the client does not want it, or it makes the packet too
        // long.
        let is_wanted =
            self.wants_problem_information && text.len() + 12 <= self.maximum_packet_size;
        let text = if is_wanted { text } else { "" };

        encode::answer(self.outbox.open(), self.version, answer, id, reason, text);
    }

    /// PUBREL: the client knows that its message has arrived.
    pub(super) fn released(&mut self, id: PacketId) {
        let reason = match self.kept.incoming.remove(&id) {
            true => Reason::Success,
            false => Reason::PacketIdNotFound,
        };
        let until = self.note(|session| Change::Released { session, packet_id: id.get() });
        // Not a mistake that a text would help with: it happens whenever a PUBCOMP was lost.
        self.put_answer(Unanswered { until, answer: Answer::Comp, id, reason, text: "" });
    }

    /// PUBACK: the client has a message.
    pub(super) fn acknowledged(&mut self, id: PacketId, now: Duration) -> Result<(), Close> {
        let outcome = self.kept.window.acknowledge(id);
        self.settle_delivery(outcome);

        self.pump(now)
    }

    /// PUBREC: the client has a message, and will be told that the broker knows.
    pub(super) fn received(
        &mut self,
        id: PacketId,
        verdict: Verdict,
        now: Duration,
    ) -> Result<(), Close> {
        if verdict == Verdict::Refused {
            let outcome = self.kept.window.refuse(id);
            self.settle_delivery(outcome);
            return self.pump(now);
        }

        let (until, reason) = match self.kept.window.receive(id) {
            Outcome::Unknown => (Until::Now, Reason::PacketIdNotFound),
            Outcome::Known { recorded: false, .. } => (Until::Now, Reason::Success),
            Outcome::Known { recorded: true, sequence, key } => {
                let until = self.note(|session| Change::Received { session, sequence, key });
                (until, Reason::Success)
            }
        };
        self.put_answer(Unanswered { until, answer: Answer::Rel, id, reason, text: "" });
        Ok(())
    }

    /// PUBCOMP: the exchange is over.
    pub(super) fn completed(&mut self, id: PacketId, now: Duration) -> Result<(), Close> {
        let outcome = self.kept.window.complete(id);
        self.settle_delivery(outcome);

        self.pump(now)
    }

    /// An answer to nothing changes nothing.
    fn settle_delivery(&mut self, outcome: Outcome) {
        if let Outcome::Known { recorded: true, sequence, key } = outcome {
            self.forget(sequence, key);
        }
    }

    /// The store need not keep a message for this session any longer.
    pub(super) fn forget(&mut self, sequence: u64, key: u32) {
        self.note(|session| Change::Done { session, sequence, key });
    }
}
