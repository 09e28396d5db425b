//! What of all that the broker says is worth a look.

use rumqttc::Publish;
use schemas::{GateId, Kind, Message, MessageType, Report, Root, Topic};

use super::words;
use crate::subscription::News;

/// Something new.
#[derive(Debug)]
pub(crate) enum Update {
    /// The broker is there: states follow.
    Connected,
    /// The broker is not there, for this reason.
    Lost(String),
    /// A gate said something, in these words.
    Said(Box<Report>, String),
}

/// All that a gate says but its pictures; of all gates, with them.
pub(super) fn filters(root: &Root, gate: Option<&GateId>) -> Vec<String> {
    let Some(gate) = gate else { return vec![root.everything()] };

    MessageType::ALL
        .iter()
        .filter(|kind| matches!(kind.kind(), Kind::State | Kind::Event | Kind::Answer))
        .map(|kind| Topic::Gate(gate.clone(), *kind).below(root))
        .collect()
}

/// What a person is shown of it.
pub(super) fn update(root: &Root, news: News) -> Option<Update> {
    match news {
        News::Connected => Some(Update::Connected),
        News::Lost(reason) => Some(Update::Lost(reason)),
        News::Published(publish) => said(root, &publish),
    }
}

fn said(root: &Root, publish: &Publish) -> Option<Update> {
    let topic = Topic::parse(root, str::from_utf8(&publish.topic).ok()?).ok()?;
    // Who sends what is no message of the contract is the gateway's business, and on its page.
    let Ok(Message::Report(report)) = Message::decode(&topic, &publish.payload) else {
        return None;
    };

    Some(Update::Said(Box::new(report), words::of_payload(&publish.payload)))
}
