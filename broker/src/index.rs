//! Who has subscribed to what, by the levels of the filters (4.7).
//!
//! A tree of levels, in which a topic name is looked up by walking down its own levels, `+` and `#`.
//! A node whose last subscription has gone is removed.

use std::{collections::HashMap, num::NonZeroU32, sync::Arc};

use access::Rights;

use crate::{
    codec::Qos,
    inbox::Inbox,
    message::{Message, Origin},
    topic,
};

/// All subscriptions that messages are handed to directly, and the filters that the router has.
#[derive(Debug, Default)]
pub(crate) struct Index {
    ordinary: Node,
    /// Filters that begin with `$`: wildcards at the front of the others do not reach them (4.7.2).
    reserved: Node,
    subscriptions: usize,
}

#[derive(Debug, Default)]
struct Node {
    levels: HashMap<Box<str>, Node>,
    direct: Vec<Subscriber>,
    groups: Vec<Group>,
    /// How many subscriptions to this filter are served by the router.
    routed: usize,
}

/// The members of a shared subscription (4.8.2), which take turns.
#[derive(Debug)]
struct Group {
    name: Box<str>,
    members: Vec<Subscriber>,
    next: usize,
}

/// One subscription of one session.
#[derive(Debug, Clone)]
pub(crate) struct Subscriber {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) key: u32,
    /// Whose own messages are not delivered, where it does not want them.
    pub(crate) no_local: Option<Origin>,
    pub(crate) qos: Qos,
    pub(crate) retain_as_published: bool,
    pub(crate) identifier: Option<NonZeroU32>,
    /// The session that outlives its connection, by its number in the store.
    pub(crate) record: Option<u64>,
    /// Whether it takes turns with others.
    pub(crate) shared: bool,
    /// What it may be handed; `None` where that is all that it has subscribed to.
    pub(crate) sight: Option<Arc<Rights>>,
}

impl Subscriber {
    fn is(&self, inbox: &Arc<Inbox>) -> bool {
        Arc::ptr_eq(&self.inbox, inbox)
    }

    /// Whether a message that its filter matches is for it.
    pub(crate) fn wants(&self, message: &Message) -> bool {
        self.no_local != Some(message.origin())
            && self.sight.as_ref().is_none_or(|rights| rights.may_receive(message.topic()))
    }
}

/// Who gets a message.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    pub(crate) direct: Vec<&'a Subscriber>,
    /// Whether the router has subscribers for it.
    pub(crate) routed: bool,
}

impl Index {
    /// How many subscriptions there are, shared and routed ones included.
    pub(crate) fn len(&self) -> usize {
        self.subscriptions
    }

    /// How many subscribers of `filter` are handed messages directly.
    pub(crate) fn direct(&self, filter: &str) -> usize {
        self.root(filter).find(filter).map_or(0, |node| node.direct.len())
    }

    /// Adds a subscription, or gives the one that the session has other options.
    pub(crate) fn add(&mut self, filter: &str, subscriber: Subscriber) {
        let (group, filter) = split(filter);
        let node = self.root_mut(filter).make(filter);
        let members = match group {
            None => &mut node.direct,
            Some(name) => &mut node.group(name).members,
        };

        match members.iter_mut().find(|known| known.is(&subscriber.inbox)) {
            Some(known) => *known = subscriber,
            None => {
                members.push(subscriber);
                self.subscriptions += 1;
            }
        }
    }

    /// Removes the subscription of the session with that inbox.
    pub(crate) fn remove(&mut self, filter: &str, inbox: &Arc<Inbox>) {
        let (group, filter) = split(filter);
        let mut removed = false;

        self.root_mut(filter).prune(filter, &mut |node| match group {
            None => {
                let before = node.direct.len();
                node.direct.retain(|known| !known.is(inbox));
                removed = node.direct.len() < before;
            }
            Some(name) => {
                let group = node.group(name);
                let before = group.members.len();
                group.members.retain(|known| !known.is(inbox));
                removed = group.members.len() < before;
                node.groups.retain(|group| !group.members.is_empty());
            }
        });
        self.subscriptions -= usize::from(removed);
    }

    /// One more subscription to `filter` is served by the router.
    pub(crate) fn route(&mut self, filter: &str) {
        self.root_mut(filter).make(filter).routed += 1;
        self.subscriptions += 1;
    }

    /// One less is.
    pub(crate) fn unroute(&mut self, filter: &str) {
        let mut removed = false;
        self.root_mut(filter).prune(filter, &mut |node| {
            removed = node.routed > 0;
            node.routed = node.routed.saturating_sub(1);
        });
        self.subscriptions -= usize::from(removed);
    }

    /// Who gets `message`; of each shared subscription, whose turn it is.
    pub(crate) fn find(&mut self, message: &Message) -> Found<'_> {
        let name = std::str::from_utf8(message.topic()).expect("a topic is UTF-8");
        let mut found = Found::default();

        self.root_mut(name).visit(Some(name), message, &mut found);
        found
    }

    /// Whose turn it is among the members of a shared subscription.
    pub(crate) fn turn(&mut self, filter: &str, message: &Message) -> Option<&Subscriber> {
        let (group, filter) = split(filter);
        let node = self.root_mut(filter).find_mut(filter)?;

        node.groups.iter_mut().find(|known| Some(&*known.name) == group)?.turn(message)
    }

    fn root(&self, name: &str) -> &Node {
        if topic::is_reserved(name) { &self.reserved } else { &self.ordinary }
    }

    fn root_mut(&mut self, name: &str) -> &mut Node {
        if topic::is_reserved(name) { &mut self.reserved } else { &mut self.ordinary }
    }
}

/// The group of a shared subscription, and what is subscribed to.
fn split(filter: &str) -> (Option<&str>, &str) {
    match topic::shared(filter) {
        Some((group, filter)) => (Some(group), filter),
        None => (None, filter),
    }
}

/// The first level, and what is below it.
fn first(levels: &str) -> (&str, Option<&str>) {
    match levels.split_once('/') {
        Some((level, rest)) => (level, Some(rest)),
        None => (levels, None),
    }
}

#[cfg(feature = "fuzzing")]
impl Index {
    /// How many levels there are, of all filters.
    pub(crate) fn levels(&self) -> usize {
        self.ordinary.size() + self.reserved.size()
    }
}

#[cfg(feature = "fuzzing")]
impl Node {
    fn size(&self) -> usize {
        self.levels.values().map(|node| 1 + node.size()).sum()
    }
}

impl Node {
    fn find(&self, filter: &str) -> Option<&Self> {
        let mut node = self;
        for level in filter.split('/') {
            node = node.levels.get(level)?;
        }
        Some(node)
    }

    fn find_mut(&mut self, filter: &str) -> Option<&mut Self> {
        let mut node = self;
        for level in filter.split('/') {
            node = node.levels.get_mut(level)?;
        }
        Some(node)
    }

    fn make(&mut self, filter: &str) -> &mut Self {
        let mut node = self;
        for level in filter.split('/') {
            node = node.levels.entry(level.into()).or_default();
        }
        node
    }

    fn group(&mut self, name: &str) -> &mut Group {
        let at = self.groups.iter().position(|group| &*group.name == name).unwrap_or_else(|| {
            self.groups.push(Group { name: name.into(), members: Vec::new(), next: 0 });
            self.groups.len() - 1
        });

        &mut self.groups[at]
    }

    /// Changes the node of `filter`, and removes what is of no use any more.
    fn prune(&mut self, filter: &str, change: &mut impl FnMut(&mut Self)) {
        let (level, rest) = first(filter);
        let Some(node) = self.levels.get_mut(level) else { return };

        match rest {
            Some(rest) => node.prune(rest, change),
            None => change(node),
        }
        if node.is_idle() {
            self.levels.remove(level);
        }
    }

    fn is_idle(&self) -> bool {
        self.levels.is_empty()
            && self.direct.is_empty()
            && self.groups.is_empty()
            && self.routed == 0
    }

    /// Collects what matches; `rest` is what of the name is below this node.
    fn visit<'a>(&'a mut self, rest: Option<&str>, message: &Message, found: &mut Found<'a>) {
        let Some(rest) = rest else {
            // `sport/#` matches `sport`, too (4.7.1.2).
            let Self { levels, direct, groups, routed } = self;
            collect(direct, groups, *routed, message, found);
            if let Some(node) = levels.get_mut("#") {
                collect(&node.direct, &mut node.groups, node.routed, message, found);
            }
            return;
        };
        let (level, below) = first(rest);

        for (name, node) in pick(&mut self.levels, level) {
            match name {
                "#" => collect(&node.direct, &mut node.groups, node.routed, message, found),
                _ => node.visit(below, message, found),
            }
        }
    }
}

/// The nodes for a level: its own name, `+` and `#`.
fn pick<'a>(
    levels: &'a mut HashMap<Box<str>, Node>,
    level: &str,
) -> impl Iterator<Item = (&'static str, &'a mut Node)> {
    let [own, any, rest] = levels.get_disjoint_mut([level, "+", "#"]);

    [("", own), ("+", any), ("#", rest)]
        .into_iter()
        .filter_map(|(name, node)| node.map(|node| (name, node)))
}

fn collect<'a>(
    direct: &'a [Subscriber],
    groups: &'a mut [Group],
    routed: usize,
    message: &Message,
    found: &mut Found<'a>,
) {
    found.direct.extend(direct.iter().filter(|subscriber| subscriber.wants(message)));
    found.direct.extend(groups.iter_mut().filter_map(|group| group.turn(message)));
    found.routed |= routed > 0;
}

impl Group {
    /// Whose turn it is: of those who may have the message and are connected, if anybody is.
    fn turn(&mut self, message: &Message) -> Option<&Subscriber> {
        let count = self.members.len();
        let members = || (0..count).map(|offset| (self.next + offset) % count);
        let wants = |at: &usize| self.members[*at].wants(message);

        let chosen = members()
            .find(|at| self.members[*at].inbox.is_attended() && wants(at))
            .or_else(|| members().find(|at| self.members[*at].record.is_some() && wants(at)))?;
        self.next = chosen + 1;

        Some(&self.members[chosen])
    }
}
