//! The order in which frames leave, and which of them are not worth sending any more.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::Frame;

/// How far a client may be behind before older states are left out. A client that reads at all
/// is never that far behind, and sees every movement of a boom.
const BEHIND: usize = 64 * 1024;

/// Which state a frame is: of one gate and one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Slot(pub(crate) u32);

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It will be told.
    Queued,
    /// It will be told, and the one before it not any more.
    Conflated,
    /// The client is too far behind: it is closed.
    Overflowed,
    /// The client is closed.
    Refused,
}

/// More bytes of events wait than may.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Frames in the order in which they leave.
#[derive(Debug)]
pub(crate) struct Queue {
    /// What a client is told first. Bounded by what the hub knows, not by how fast it reads.
    greeting: VecDeque<Frame>,
    pending: BTreeMap<u64, Pending>,
    /// Where the newest pending frame of each state is.
    newest: HashMap<Slot, u64>,
    next: u64,
    bytes: usize,
    event_bytes: usize,
    max_event_bytes: usize,
}

#[derive(Debug)]
struct Pending {
    slot: Option<Slot>,
    frame: Frame,
}

impl Queue {
    pub(crate) fn new(greeting: Vec<Frame>, max_event_bytes: usize) -> Self {
        Self {
            greeting: greeting.into(),
            pending: BTreeMap::new(),
            newest: HashMap::new(),
            next: 0,
            bytes: 0,
            event_bytes: 0,
            max_event_bytes,
        }
    }

    pub(crate) fn push_event(&mut self, frame: Frame) -> Result<Pushed, Full> {
        self.event_bytes += frame.len();
        if self.event_bytes > self.max_event_bytes {
            return Err(Full);
        }
        self.append(None, frame);

        Ok(Pushed::Queued)
    }

    /// The newer state takes the place at the end, so that it is not told before an event that
    /// came before it.
    pub(crate) fn push_state(&mut self, slot: Slot, frame: Frame) -> Pushed {
        let behind = self.bytes > BEHIND;
        let outdated = self.newest.get(&slot).copied().filter(|_| behind);
        if let Some(place) = outdated {
            self.remove(place);
        }
        let place = self.append(Some(slot), frame);
        self.newest.insert(slot, place);

        if outdated.is_some() { Pushed::Conflated } else { Pushed::Queued }
    }

    /// Takes out the first frames: as many as have `max_bytes`, and at least one.
    pub(crate) fn take(&mut self, max_bytes: usize) -> Vec<Frame> {
        let mut taken = Vec::new();
        let mut bytes = 0;

        while let Some(frame) = self.pop() {
            bytes += frame.len();
            taken.push(frame);
            if bytes >= max_bytes {
                break;
            }
        }

        taken
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(Vec::new(), self.max_event_bytes);
    }

    fn append(&mut self, slot: Option<Slot>, frame: Frame) -> u64 {
        let place = self.next;
        self.next += 1;
        self.bytes += frame.len();
        self.pending.insert(place, Pending { slot, frame });

        place
    }

    fn pop(&mut self) -> Option<Frame> {
        if let Some(frame) = self.greeting.pop_front() {
            return Some(frame);
        }
        let place = *self.pending.first_key_value()?.0;

        self.remove(place)
    }

    fn remove(&mut self, place: u64) -> Option<Frame> {
        let Pending { slot, frame } = self.pending.remove(&place)?;
        self.bytes -= frame.len();
        match slot {
            Some(slot) if self.newest.get(&slot) == Some(&place) => {
                self.newest.remove(&slot);
            }
            Some(_) => {}
            None => self.event_bytes -= frame.len(),
        }

        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BARRIER: Slot = Slot(1);
    const DEVICES: Slot = Slot(2);

    #[test]
    fn frames_leave_in_the_order_in_which_they_came() {
        let mut queue = Queue::new(vec!["hello".into()], 100);
        queue.push_state(BARRIER, "opening".into());
        queue.push_event("entry".into()).unwrap();
        queue.push_state(BARRIER, "open".into());

        assert_eq!(queue.take(1_000), ["hello", "opening", "entry", "open"]);
        assert!(queue.take(1_000).is_empty());
    }

    #[test]
    fn a_client_that_is_behind_gets_the_latest_state_after_the_events_before_it() {
        let mut queue = Queue::new(Vec::new(), 1 << 20);
        queue.push_event("x".repeat(BEHIND + 1).into()).unwrap();
        for n in 0..1_000 {
            queue.push_state(BARRIER, format!("barrier {n}").into());
            queue.push_state(DEVICES, format!("devices {n}").into());
        }
        queue.push_event("exit".into()).unwrap();
        queue.push_state(BARRIER, "closed".into());

        let told = queue.take(usize::MAX);

        assert_eq!(told[1..], ["devices 999", "exit", "closed"]);
    }

    #[test]
    fn events_are_bounded_and_room_comes_back_when_they_leave() {
        let mut queue = Queue::new(vec!["a greeting does not count".into()], 10);

        assert_eq!(queue.push_event("12345".into()), Ok(Pushed::Queued));
        assert_eq!(queue.push_event("67890".into()), Ok(Pushed::Queued));
        queue.take(1_000);
        assert_eq!(queue.push_event("1234567890".into()), Ok(Pushed::Queued));
        assert_eq!(queue.push_event("1".into()), Err(Full));
    }

    #[test]
    fn one_write_has_a_bounded_size_and_at_least_one_frame() {
        let mut queue = Queue::new(Vec::new(), 1_000);
        for _ in 0..5 {
            queue.push_event("1234".into()).unwrap();
        }

        assert_eq!(queue.take(1).len(), 1);
        assert_eq!(queue.take(8).len(), 2);
        assert_eq!(queue.take(100).len(), 2);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Event(usize),
        State(u32, usize),
        Take(usize),
    }

    proptest! {
        #[test]
        fn no_event_is_lost_or_moved_and_the_last_state_is_right(
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let mut queue = Queue::new(Vec::new(), usize::MAX);
            let (mut said, mut told) = (Vec::new(), Vec::new());

            for (n, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Event(size) => {
                        let frame = format!("event {n} {}", "x".repeat(size));
                        said.push(frame.clone());
                        queue.push_event(frame.into()).unwrap();
                    }
                    Step::State(slot, size) => {
                        let frame = format!("state {slot} {n} {}", "x".repeat(size));
                        said.push(frame.clone());
                        queue.push_state(Slot(slot), frame.into());
                    }
                    Step::Take(size) => told.extend(queue.take(size)),
                }
            }
            told.extend(queue.take(usize::MAX));

            let told: Vec<String> = told.iter().map(ToString::to_string).collect();
            let events = |all: &[String]| -> Vec<String> {
                all.iter().filter(|frame| frame.starts_with("event")).cloned().collect()
            };
            prop_assert_eq!(events(&told), events(&said));
            for slot in 0..3 {
                let last = |all: &[String]| -> Option<String> {
                    let of_slot = format!("state {slot} ");
                    all.iter().rfind(|frame| frame.starts_with(&of_slot)).cloned()
                };
                prop_assert_eq!(last(&told), last(&said));
            }
            let mut rest = said.iter();
            prop_assert!(told.iter().all(|frame| rest.any(|other| other == frame)), "order");
            prop_assert_eq!((queue.bytes, queue.event_bytes), (0, 0));
        }
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..20_000_usize).prop_map(Step::Event),
            (0..3_u32, 0..20_000_usize).prop_map(|(slot, size)| Step::State(slot, size)),
            (0..30_000_usize).prop_map(Step::Take),
        ]
    }
}
