//! Commands that were seen, until they are answered: who sent them, and when.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use schemas::Id;
use tokio::time::Instant;

use super::Who;

/// So many are remembered. Of those before, answers are recorded without their sender.
const REMEMBERED: usize = 10_000;

/// A command that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) who: Who,
    pub(super) at: Instant,
    pub(super) echo: Echo,
}

/// What comes back from the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    /// The command that this gateway sent.
    Awaited,
    /// It has come, or never comes: somebody else sent it.
    Heard,
    /// Neither the command nor its answers are news.
    Ignored,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Pending {
    commands: HashMap<Id, Sent>,
    /// The oldest first; ids that were answered since are among them.
    order: VecDeque<Id>,
}

impl Pending {
    pub(super) fn add(&mut self, id: Id, sent: Sent) {
        if self.commands.insert(id.clone(), sent).is_none() {
            self.order.push_back(id);
        }

        while self.order.len() > REMEMBERED {
            let Some(oldest) = self.order.pop_front() else { return };
            self.commands.remove(&oldest);
        }
    }

    /// A command came from the broker. Whether it is the one that this gateway sent: once.
    pub(super) fn comes_back(&mut self, id: &Id) -> bool {
        match self.commands.get_mut(id) {
            Some(sent) if sent.echo == Echo::Awaited => {
                sent.echo = Echo::Heard;
                true
            }
            Some(sent) => sent.echo == Echo::Ignored,
            None => false,
        }
    }

    /// An answer came: to what.
    pub(super) fn answered(&mut self, id: &Id, is_final: bool) -> Option<Sent> {
        if is_final { self.forget(id) } else { self.commands.get(id).cloned() }
    }

    pub(super) fn forget(&mut self, id: &Id) -> Option<Sent> {
        self.commands.remove(id)
    }

    pub(super) fn elapsed(&self, id: &Id, now: Instant) -> Option<Duration> {
        self.commands.get(id).map(|sent| now.duration_since(sent.at))
    }
}

#[cfg(test)]
mod tests {
    use audit::Via;

    use super::*;

    #[test]
    fn a_command_that_comes_back_is_ours_once() {
        let mut pending = Pending::default();
        pending.add(id("c1"), sent(Echo::Awaited));

        assert!(pending.comes_back(&id("c1")));
        assert!(!pending.comes_back(&id("c1")), "somebody else sends the same id");
        assert!(!pending.comes_back(&id("c2")));
    }

    #[test]
    fn the_sender_is_known_until_the_last_answer() {
        let mut pending = Pending::default();
        pending.add(id("c1"), sent(Echo::Heard));

        assert!(pending.answered(&id("c1"), false).is_some());
        assert!(pending.answered(&id("c1"), true).is_some());
        assert!(pending.answered(&id("c1"), true).is_none());
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut pending = Pending::default();
        for n in 0..=REMEMBERED {
            pending.add(id(&format!("c{n}")), sent(Echo::Heard));
        }

        assert!(pending.answered(&id("c0"), true).is_none());
        assert!(pending.answered(&id("c1"), true).is_some());
        assert_eq!(pending.commands.len(), REMEMBERED - 1);
    }

    fn id(text: &str) -> Id {
        text.parse().unwrap()
    }

    fn sent(echo: Echo) -> Sent {
        Sent { who: Who::anybody(Via::Mqtt), at: Instant::now(), echo }
    }
}
