//! What of all that the broker says was asked for.

use rumqttc::Publish;
use schemas::{MessageType, Root, Timestamp, Topic};
use service::stamp;

use super::Wanted;
use crate::subscription::News;

/// What messages are picked from.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) root: Root,
    pub(super) wanted: Wanted,
    /// Where the broker is, for a person.
    pub(super) broker: String,
    /// The last that was said of the connection is that there is none.
    pub(super) is_lost: bool,
}

/// Something was heard.
#[derive(Debug)]
pub(crate) enum Heard {
    /// How the connection is, for a person.
    Link(String),
    Message(Message),
}

/// A message as it came.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) time: Timestamp,
    pub(crate) topic: String,
    /// `None`: it is not one of the contract.
    pub(crate) sorted: Option<Topic>,
    pub(crate) is_retained: bool,
    pub(crate) bytes: Vec<u8>,
}

/// One for each type of one gate, so that a picture that nobody wants is not sent; otherwise one
/// for everything.
pub(super) fn filters(root: &Root, wanted: &Wanted) -> Vec<String> {
    let Some(gate) = &wanted.gate else { return vec![root.everything()] };
    let types = MessageType::ALL.into_iter().filter(|kind| wanted.wants_type(*kind));

    types.map(|kind| Topic::Gate(gate.clone(), kind).below(root)).collect()
}

impl Feed {
    pub(super) fn sort(&mut self, news: News) -> Option<Heard> {
        match news {
            News::Connected => {
                let was_lost = std::mem::replace(&mut self.is_lost, false);
                was_lost.then(|| Heard::Link("connected to the broker again".to_owned()))
            }
            News::Lost(reason) => {
                self.is_lost = true;
                let said = format!("no broker at {}: {reason}; trying again", self.broker);
                Some(Heard::Link(said))
            }
            News::Published(publish) => self.pick(publish),
        }
    }

    fn pick(&self, publish: Publish) -> Option<Heard> {
        let topic = String::from_utf8_lossy(&publish.topic).into_owned();
        let sorted = Topic::parse(&self.root, &topic).ok();

        self.wanted.wants(sorted.as_ref()).then(|| {
            Heard::Message(Message {
                time: stamp::now(),
                topic,
                sorted,
                is_retained: publish.retain,
                bytes: publish.payload.to_vec(),
            })
        })
    }
}
