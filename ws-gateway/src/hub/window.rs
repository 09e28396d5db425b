//! The recent events of a channel, for clients that come back.

use std::collections::VecDeque;

use schemas::Id;

use super::{About, Sight};
use crate::outbox::Frame;

/// A bounded number of events, the oldest first.
#[derive(Debug)]
pub(crate) struct Window {
    events: VecDeque<Event>,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Event {
    about: About,
    id: Option<Id>,
    frame: Frame,
}

impl Window {
    pub(crate) fn new(max_events: usize, max_bytes: usize) -> Self {
        Self { events: VecDeque::new(), bytes: 0, max_events, max_bytes }
    }

    pub(crate) fn push(&mut self, about: About, id: Option<Id>, frame: Frame) {
        self.bytes += frame.len();
        self.events.push_back(Event { about, id, frame });

        while self.events.len() > self.max_events || self.bytes > self.max_bytes {
            let Some(oldest) = self.events.pop_front() else { return };
            self.bytes -= oldest.frame.len();
        }
    }

    /// All of it that a client sees and that came after the event with this id: `None`, if that
    /// event is not known.
    ///
    /// An agent may publish an event twice. What counts is the first time: telling a client
    /// something again does no harm, not telling it does.
    pub(crate) fn after(&self, id: &str, sight: &Sight) -> Option<impl Iterator<Item = &Frame>> {
        let seen = self
            .events
            .iter()
            .position(|event| event.id.as_ref().is_some_and(|known| known.as_str() == id))?;
        let later = self.events.iter().skip(seen + 1);

        Some(later.filter(|event| sight.sees(&event.about)).map(|event| &event.frame))
    }

    /// The last of them that a client sees and that has an id: it resumes after this one when it
    /// is cut off before the next.
    pub(crate) fn newest(&self, sight: &Sight) -> Option<&Id> {
        self.events
            .iter()
            .rev()
            .filter(|event| sight.sees(&event.about))
            .find_map(|event| event.id.as_ref())
    }

    pub(crate) fn clear(&mut self) {
        self.events.clear();
        self.bytes = 0;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_after_an_event_is_told_in_order() {
        let window = filled(3, 1_000);

        assert_eq!(after(&window, "e1"), Some(vec!["2".to_owned(), "3".to_owned()]));
        assert_eq!(after(&window, "e3"), Some(vec![]));
        assert_eq!(after(&window, "e4"), None);
    }

    #[test]
    fn the_oldest_is_forgotten_first_by_number_and_by_bytes() {
        assert_eq!(after(&filled(10_001, 1 << 20), "e1"), None);
        assert!(after(&filled(10_001, 1 << 20), "e2").is_some());
        assert_eq!(after(&filled(9, 3), "e6"), None);
        assert_eq!(after(&filled(9, 3), "e7").unwrap().len(), 2);
    }

    #[test]
    fn whoever_has_seen_nothing_yet_can_resume_after_the_newest() {
        let mut window = filled(3, 1_000);
        window.push(About::Gateway, None, "4".into());

        let newest = window.newest(&Sight::All).map(Id::as_str);

        assert_eq!(newest, Some("e3"));
        assert_eq!(after(&window, "e3"), Some(vec!["4".to_owned()]));
        assert_eq!(filled(0, 1_000).newest(&Sight::All), None);
    }

    #[test]
    fn an_event_that_came_twice_counts_from_the_first_time() {
        let mut window = filled(3, 1_000);
        window.push(About::Gateway, Some("e1".parse().unwrap()), "1".into());

        assert_eq!(after(&window, "e1").unwrap(), ["2", "3", "1"]);
    }

    fn filled(events: usize, max_bytes: usize) -> Window {
        let mut window = Window::new(10_000, max_bytes);
        for n in 1..=events {
            window.push(
                About::Gateway,
                Some(format!("e{n}").parse().unwrap()),
                n.to_string().into(),
            );
        }

        window
    }

    fn after(window: &Window, id: &str) -> Option<Vec<String>> {
        window.after(id, &Sight::All).map(|frames| frames.map(|frame| frame.to_string()).collect())
    }
}
