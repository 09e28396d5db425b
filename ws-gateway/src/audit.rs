//! What was commanded, by whom, and what became of it: told to the log and written to a file.
//!
//! Whoever records something never waits: a thread writes, and what it cannot write is counted. The
//! gateway sees all commands there are, those of its clients and those that others publish over
//! MQTT, and each has one record; its answers follow.

mod pending;
mod writer;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use audit::{Record, Via, What};
use schemas::{Answer, Command, CommandBody, GateId, Id};
use service::{config::ConfigError, stamp};
use tokio::{sync::mpsc, time::Instant};
use tracing::info;

use crate::{command::Refusal, config::Config, visitor::Visitor};
use pending::{Echo, Pending, Sent};
pub(crate) use writer::{Tally, Writer};

/// Records that wait for the disk: some MB. More are lost, and counted.
const WAITING: usize = 10_000;

/// What is kept of a name that nobody has.
const LONGEST_NAME: usize = 64;

/// The way to the audit log.
#[derive(Debug)]
pub(crate) struct Audit {
    gateway: String,
    /// `None`: it is over, or nothing is written.
    records: Mutex<Option<mpsc::Sender<Record>>>,
    pending: Mutex<Pending>,
    tally: Arc<Tally>,
}

/// Who wants something, and which way it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) via: Via,
    pub(crate) user: Option<String>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) session: Option<u64>,
    /// What a command says itself, where nobody vouches for it.
    pub(crate) requested_by: Option<String>,
}

impl Audit {
    /// The audit log of a gateway, and who writes its file, where there is one.
    pub(crate) fn open(config: &Config) -> Result<(Self, Option<Writer>), ConfigError> {
        let tally = Arc::new(Tally::default());
        let (records, written) = mpsc::channel(WAITING);
        let writer = match config.audit_file.path() {
            Some(path) => Some(Writer::open(path, config, written, Arc::clone(&tally))?),
            None => None,
        };
        let audit = Self {
            gateway: config.name.to_string(),
            records: Mutex::new(writer.as_ref().map(|_| records)),
            pending: Mutex::default(),
            tally,
        };
        audit.record(audit.blank(What::Started));

        Ok((audit, writer))
    }

    /// How the file is doing; `None`, where there is none.
    pub(crate) fn tally(&self) -> Option<&Tally> {
        self.records().is_some().then_some(&self.tally)
    }

    /// Nothing is recorded any more: the writer writes what waits, and ends.
    pub(crate) fn close(&self) {
        self.record(self.blank(What::Stopped));

        *self.records() = None;
    }

    /// A command of a client, before it is sent or refused.
    pub(crate) fn commanded(&self, command: &Command, who: &Who) {
        self.expect(command, who, Echo::Awaited);

        self.record(self.of_command(command, who));
    }

    /// A command that only keeps up what one before it has begun: it is no news, nor is its answer.
    pub(crate) fn repeated(&self, command: &Command, who: &Who) {
        self.expect(command, who, Echo::Ignored);
    }

    /// The gateway refuses a command: nothing was sent.
    pub(crate) fn refused(&self, command: &Command, who: &Who, refusal: &Refusal) {
        let sent = command.command_id().and_then(|id| self.pending().forget(id));

        self.answered_here(command, who, refusal, sent.map(|sent| sent.at.elapsed()));
    }

    /// No gate has answered a command. One still may.
    pub(crate) fn unanswered(&self, command: &Command, who: &Who, refusal: &Refusal) {
        let elapsed =
            command.command_id().and_then(|id| self.pending().elapsed(id, Instant::now()));

        self.answered_here(command, who, refusal, elapsed);
    }

    /// A command came from the broker: ours comes back, or somebody published it.
    pub(crate) fn overheard(&self, command: &Command, is_retained: bool) {
        let is_ours = command.command_id().is_some_and(|id| self.pending().comes_back(id));
        if is_ours {
            return;
        }
        let who = Who { requested_by: claimed(command), ..Who::anybody(Via::Mqtt) };
        if !is_retained {
            self.expect(command, &who, Echo::Heard);
        }

        let record = self.of_command(command, &who);
        let retained = || "retained: it is not live, and gates refuse it".to_owned();
        self.record(Record {
            reason: record.reason.clone().or(is_retained.then(retained)),
            ..record
        });
    }

    /// A gate has answered a command.
    pub(crate) fn answered(&self, gate: &GateId, answer: &Answer) {
        let now = Instant::now();
        let sent = self.pending().answered(&answer.command_id, answer.status.is_final());
        if sent.as_ref().is_some_and(|sent| sent.echo == Echo::Ignored) {
            return;
        }
        let elapsed = sent.as_ref().map(|sent| milliseconds(now.duration_since(sent.at)));
        let blank = self.blank(What::Answer);
        let record = sent.map_or(blank.clone(), |sent| sent.who.on(blank));

        self.record(Record {
            gate: Some(gate.to_string()),
            action: Some(answer.action.clone()),
            command_id: Some(answer.command_id.to_string()),
            status: word(&answer.status),
            code: answer.code.and_then(|code| word(&code)),
            reason: answer.message.clone(),
            elapsed_ms: elapsed.or(answer.elapsed_ms),
            ..record
        });
    }

    /// A browser has logged in.
    pub(crate) fn logged_in(&self, visitor: &Visitor) {
        self.record(Who::of(visitor, Via::Http, None).on(self.blank(What::Login)));
    }

    /// A browser has logged out.
    pub(crate) fn logged_out(&self, visitor: &Visitor) {
        self.record(Who::of(visitor, Via::Http, None).on(self.blank(What::Logout)));
    }

    /// A name and a password, or a token, were not those of anybody. The address has to wait before
    /// it tries again, so that there are not too many of these.
    pub(crate) fn login_failed(&self, name: Option<&str>, address: IpAddr, reason: &str) {
        let user = name.map(|name| name.chars().take(LONGEST_NAME).collect());
        let who = Who { user, address: Some(address), ..Who::anybody(Via::Http) };

        self.record(Record {
            reason: Some(reason.to_owned()),
            ..who.on(self.blank(What::LoginFailed))
        });
    }

    fn expect(&self, command: &Command, who: &Who, echo: Echo) {
        if let Some(id) = command.command_id() {
            let sent = Sent { who: who.clone(), at: Instant::now(), echo };
            self.pending().add(id.clone(), sent);
        }
    }

    fn answered_here(
        &self,
        command: &Command,
        who: &Who,
        refusal: &Refusal,
        elapsed: Option<Duration>,
    ) {
        self.record(Record {
            what: What::Refusal,
            reason: Some(refusal.message.clone()),
            status: word(&refusal.status),
            code: word(&refusal.code),
            elapsed_ms: elapsed.map(milliseconds),
            ..self.of_command(command, who)
        });
    }

    fn of_command(&self, command: &Command, who: &Who) -> Record {
        let reason = match &command.body {
            CommandBody::GateControl(control) => control.reason.clone(),
            CommandBody::CameraControl(_)
            | CommandBody::RequestStatus(_)
            | CommandBody::RequestEvents(_) => None,
        };

        Record {
            gate: Some(command.gate.to_string()),
            action: Some(command.body.action()),
            command_id: command.command_id().map(Id::to_string),
            reason,
            ..who.on(self.blank(What::Command))
        }
    }

    fn blank(&self, what: What) -> Record {
        Record::new(stamp::now(), what, &self.gateway)
    }

    fn record(&self, record: Record) {
        info!(
            target: "audit",
            what = word(&record.what),
            gate = record.gate,
            action = record.action,
            command_id = record.command_id,
            via = record.via.and_then(|via| word(&via)),
            user = record.user,
            address = record.address.map(tracing::field::display),
            session = record.session,
            requested_by = record.requested_by,
            status = record.status,
            code = record.code,
            reason = record.reason,
            elapsed_ms = record.elapsed_ms,
            "Audit"
        );

        if let Some(records) = &*self.records()
            && records.try_send(record).is_err()
        {
            self.tally.lose(1);
        }
    }

    fn records(&self) -> MutexGuard<'_, Option<mpsc::Sender<Record>>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Who {
    /// A client of this gateway.
    pub(crate) fn of(visitor: &Visitor, via: Via, session: Option<u64>) -> Self {
        let user = visitor.user().name().map(str::to_owned);

        Self { user, address: Some(visitor.address()), session, ..Self::anybody(via) }
    }

    /// Somebody of whom nothing is known.
    pub(crate) fn anybody(via: Via) -> Self {
        Self { via, user: None, address: None, session: None, requested_by: None }
    }

    fn on(&self, record: Record) -> Record {
        let Self { via, user, address, session, requested_by } = self.clone();

        Record { via: Some(via), user, address, session, requested_by, ..record }
    }
}

fn claimed(command: &Command) -> Option<String> {
    let in_extra = |extra: &serde_json::Map<String, serde_json::Value>| {
        extra.get("requested_by")?.as_str().map(str::to_owned)
    };

    match &command.body {
        CommandBody::GateControl(_) | CommandBody::CameraControl(_) => {
            command.body.requested_by().map(str::to_owned)
        }
        CommandBody::RequestStatus(request) => in_extra(&request.extra),
        CommandBody::RequestEvents(request) => in_extra(&request.extra),
    }
}

/// A value in the words of the contract.
fn word(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

fn milliseconds(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}
