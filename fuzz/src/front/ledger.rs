//! What was published, and what each session may get of it.

use std::collections::{HashMap, HashSet};

use mqtt_topic::{matches, shared};

use crate::wire::Incoming;

/// Whose session it is.
pub(super) type Owner = (String, String);

/// Everything that was published on purpose.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    publications: Vec<Publication>,
    pub(super) sessions: HashMap<Owner, Session>,
    strangers: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Publication {
    /// Messages of one publisher have an order; a will has a publisher of its own.
    pub(super) publisher: usize,
    pub(super) topic: &'static str,
    pub(super) qos: u8,
    /// Whether anybody may get it.
    pub(super) allowed: bool,
}

/// What a session may expect.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) filters: Vec<Filter>,
    /// Somebody has sent bytes in its name that mean who knows what.
    pub(super) wild: bool,
    pub(super) outlives: bool,
    /// Messages of QoS 2 that the client knows and has not been told to forget.
    pub(super) held: HashSet<u16>,
    /// How often each message of QoS 2 was delivered.
    pub(super) got: HashMap<u32, usize>,
}

#[derive(Debug)]
pub(super) struct Filter {
    pub(super) filter: &'static str,
    /// Publications from this one on are not for it.
    pub(super) until: Option<u32>,
}

/// What one connection was given last, of each order.
pub(super) type Order = HashMap<(usize, &'static str, u8), u32>;

const KEY: u64 = 0x9e37_79b9_7f4a_7c15;

impl Ledger {
    /// Notes what is going to be published; returns its payload.
    pub(super) fn publish(&mut self, publication: Publication, size: usize) -> Vec<u8> {
        let number = self.next();
        self.publications.push(publication);
        let mut payload = seal(number).to_vec();
        payload.extend(number.to_be_bytes());
        payload.resize(payload.len() + size, b'.');

        payload
    }

    pub(super) fn next(&self) -> u32 {
        self.publications.len() as u32
    }

    /// From here on nobody knows who does what in whose name.
    pub(super) fn let_strangers_in(&mut self) {
        self.strangers = true;
    }

    pub(super) fn strangers(&self) -> bool {
        self.strangers
    }

    fn find(&self, payload: &[u8]) -> Option<(u32, Publication)> {
        let number = u32::from_be_bytes(payload.get(8..12)?.try_into().ok()?);
        let publication = self.publications.get(number as usize)?;

        (payload[..8] == seal(number)).then_some((number, *publication))
    }

    /// Judges a message that a session was given.
    pub(super) fn delivered(&mut self, owner: &Owner, order: &mut Order, message: &Incoming) {
        let known = self.find(&message.payload);
        if let Some((number, publication)) = known {
            assert!(publication.allowed, "{number} may not be published: {message:?}");
            assert_eq!(publication.topic, message.topic, "{number} came to another topic");
            assert!(message.qos <= publication.qos, "{number} came with QoS {}", message.qos);
        }
        let Some(session) = self.sessions.get_mut(owner) else { return };
        let is_new = message.qos < 2 || session.held.insert(message.id);
        if session.wild || self.strangers {
            return;
        }

        let matching = session.matching(&message.topic, known.map(|(number, _)| number));
        assert!(!matching.is_empty(), "{owner:?} has no filter for {message:?}: {session:?}");
        // What is retained comes again with every subscription.
        let Some((number, publication)) = known.filter(|_| !message.retain) else { return };
        if let [filter] = matching[..]
            && shared(filter).is_none()
        {
            let key = (publication.publisher, publication.topic, publication.qos);
            if let Some(before) = order.insert(key, number) {
                assert!(number > before, "{owner:?} got {number} after {before}");
            }
        }
        if message.qos == 2 && is_new {
            let times = session.got.entry(number).or_default();
            *times += 1;
            assert!(*times <= matching.len(), "{owner:?} got {number} {times} times");
        }
    }

    /// PUBREL: the client forgets the identifier.
    pub(super) fn released(&mut self, owner: &Owner, id: u16) {
        if let Some(session) = self.sessions.get_mut(owner) {
            session.held.remove(&id);
        }
    }
}

impl Session {
    /// The filters that the session has or had, and that a message may be for.
    fn matching(&self, topic: &str, number: Option<u32>) -> Vec<&'static str> {
        let mut matching: Vec<&'static str> = self
            .filters
            .iter()
            .filter(|it| it.until.is_none_or(|until| number.is_none_or(|number| number < until)))
            .map(|it| it.filter)
            .filter(|filter| matches(shared(filter).map_or(*filter, |(_, filter)| filter), topic))
            .collect();
        matching.sort_unstable();
        matching.dedup();

        matching
    }
}

/// What nobody finds by chance.
fn seal(number: u32) -> [u8; 8] {
    (u64::from(number) + 1).wrapping_mul(KEY).rotate_left(23).wrapping_mul(KEY).to_be_bytes()
}
