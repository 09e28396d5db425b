//! The uplink: the gate's connection to the broker.
//!
//! In: what is posted to the mailbox, what is in the journal, what is asked to be sent again. Out:
//! commands that arrive. Every connection starts from nothing: a clean session, subscriptions, all
//! states anew with `system_status` last, and the journal from its first unacknowledged event on.

mod connection;
mod window;

use std::{convert::Infallible, sync::Arc, time::Duration};

use journal::Entry;
use rumqttc::{LastWill, QoS};
use schemas::{Body, MessageType, Root, SystemState, Topic};
use service::Backoff;
use tokio::{
    sync::{mpsc, watch},
    time,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    board::{Change, Identity},
    cards::Link,
    commands::Arrival,
    home_assistant::Discovery,
    journal_task::JournalHandle,
    mailbox::Mailbox,
    voice::Voice,
};
use connection::{Connection, End};

const RETRY_SHORTEST: Duration = Duration::from_millis(250);
const RETRY_LONGEST: Duration = Duration::from_secs(10);

/// Everything that a connection needs.
#[derive(Debug)]
pub(crate) struct Uplink {
    pub(crate) mqtt: service::mqtt::Config,
    pub(crate) root: Root,
    pub(crate) identity: Arc<Identity>,
    pub(crate) voice: Voice,
    pub(crate) mailbox: Mailbox,
    pub(crate) journal: JournalHandle,
    pub(crate) commands: mpsc::Sender<Arrival>,
    pub(crate) board: mpsc::Sender<Change>,
    pub(crate) replays: mpsc::Receiver<Entry>,
    pub(crate) link: watch::Sender<Link>,
    pub(crate) discovery: Option<Discovery>,
}

impl Uplink {
    /// Runs until cancelled, and then says that the gate was stopped.
    pub(crate) async fn run(mut self, cancel: CancellationToken) -> Result<(), Infallible> {
        let mut backoff = Backoff::new(RETRY_SHORTEST, RETRY_LONGEST);
        let mut told = String::new();

        loop {
            let end = Connection::open(&mut self, &cancel).await;
            self.link.send_replace(Link::Down);
            let reason = match end {
                Err(End::Stopped) | Ok(()) => return Ok(()),
                // The goodbye ends the connection, and not always before it is noticed.
                Err(End::Lost { .. }) if cancel.is_cancelled() => return Ok(()),
                Err(End::Lost { reason, was_up }) => {
                    if was_up {
                        backoff.reset();
                        told.clear();
                    }
                    reason
                }
            };

            // A broker that stays away is reported once, not at every try.
            if told != reason {
                warn!(broker = self.broker(), reason, "No broker");
                told = reason;
            }
            if cancel.run_until_cancelled(time::sleep(backoff.delay())).await.is_none() {
                return Ok(());
            }
        }
    }

    fn broker(&self) -> String {
        format!("{}:{}", self.mqtt.host, self.mqtt.port())
    }

    fn topic(&self, kind: MessageType) -> String {
        Topic::Gate(self.voice.gate().clone(), kind).below(&self.root)
    }

    fn system_status(&self, state: SystemState) -> Vec<u8> {
        self.voice.report(Body::SystemStatus(self.identity.system_status(state))).encode()
    }

    /// What the broker says when this agent is gone.
    fn will(&self) -> LastWill {
        let topic = self.topic(MessageType::SystemStatus);

        LastWill::new(topic, self.system_status(SystemState::Offline), QoS::AtLeastOnce, true)
    }

    async fn on_connected(&self) {
        info!(broker = self.broker(), "Connected");
        self.link.send_replace(Link::Up);
        // All states anew. The board never waits for the uplink, so this does not last.
        let _ = self.board.send(Change::Asked).await;
    }
}
