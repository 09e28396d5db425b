//! QoS 1 messages that a client has not acknowledged yet (4.3.2, 4.9).

use std::collections::HashSet;

use crate::codec::PacketId;

/// The packet identifiers in use, at most as many as the client wants at once.
#[derive(Debug)]
pub(super) struct Window {
    in_use: HashSet<PacketId>,
    size: usize,
    last: PacketId,
}

impl Window {
    pub(super) fn new(size: u16) -> Self {
        Self { in_use: HashSet::new(), size: size.into(), last: PacketId::MAX }
    }

    pub(super) fn has_room(&self) -> bool {
        self.in_use.len() < self.size
    }

    /// The next identifier that is free. There is one while the window has room, as it is never
    /// larger than the number of identifiers.
    pub(super) fn take(&mut self) -> PacketId {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(PacketId::MIN);
            if self.in_use.insert(self.last) {
                return self.last;
            }
        }
    }

    /// Whether the acknowledged message was one of ours.
    pub(super) fn release(&mut self, id: PacketId) -> bool {
        self.in_use.remove(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_taken_in_turn_and_never_twice() {
        let mut window = Window::new(2);
        let first = window.take();
        let second = window.take();

        assert_eq!((first.get(), second.get()), (1, 2));
        assert!(!window.has_room());
        assert!(window.release(first));
        assert!(!window.release(first));
        assert!(window.has_room());
        assert_eq!(window.take().get(), 3);
    }

    #[test]
    fn after_the_last_identifier_comes_the_first_that_is_free() {
        let mut window = Window::new(u16::MAX);
        let kept = window.take();
        for _ in 1..u16::MAX {
            let id = window.take();
            window.release(id);
        }

        assert_eq!((kept.get(), window.take().get()), (1, 2));
    }
}
