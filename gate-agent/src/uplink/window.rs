//! Which publishes have left and are not acknowledged.
//!
//! rumqttc tells the packet id of a publish only when it leaves, and publishes leave in the order
//! in which they were handed over: so the first of those handed over gets the next packet id.

use std::collections::{HashMap, VecDeque};

use crate::mailbox::Post;

/// More than that unacknowledged and nothing else is handed over.
const SIZE: usize = 64;

/// What a publish was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// An event of the journal.
    Event(u64),
    /// What is not sent again: an event that was asked for, or the goodbye.
    Once,
    /// Anything from the mailbox.
    Post(Post),
}

#[derive(Debug, Default)]
pub(crate) struct Window {
    handed_over: VecDeque<Token>,
    in_flight: HashMap<u16, (u64, Token)>,
    left: u64,
}

impl Window {
    pub(crate) fn has_room(&self) -> bool {
        self.handed_over.len() + self.in_flight.len() < SIZE
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.handed_over.is_empty() && self.in_flight.is_empty()
    }

    pub(crate) fn hand_over(&mut self, token: Token) {
        self.handed_over.push_back(token);
    }

    /// A publish has left; 0 is the packet id of those that nobody acknowledges.
    pub(crate) fn on_left(&mut self, packet_id: u16) {
        let token = self.handed_over.pop_front();

        if let Some(token) = token.filter(|_| packet_id != 0) {
            self.left += 1;
            self.in_flight.insert(packet_id, (self.left, token));
        }
    }

    /// The broker has it.
    pub(crate) fn on_acknowledged(&mut self, packet_id: u16) -> Option<Token> {
        self.in_flight.remove(&packet_id).map(|(_, token)| token)
    }

    /// The connection is gone: what the broker may not have, the latest first.
    pub(crate) fn into_unacknowledged(self) -> impl Iterator<Item = Token> {
        let mut in_flight: Vec<(u64, Token)> = self.in_flight.into_values().collect();
        in_flight.sort_by_key(|(left, _)| *left);
        let in_flight = in_flight.into_iter().map(|(_, token)| token);

        in_flight.chain(self.handed_over).rev()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_ids_belong_to_publishes_in_the_order_of_their_leaving() {
        let mut window = Window::default();
        for seq in 1..=3 {
            window.hand_over(Token::Event(seq));
        }

        window.on_left(7);
        window.on_left(8);

        assert_eq!(window.on_acknowledged(8), Some(Token::Event(2)));
        assert_eq!(window.on_acknowledged(8), None);
        assert_eq!(
            window.into_unacknowledged().collect::<Vec<_>>(),
            [Token::Event(3), Token::Event(1)]
        );
    }

    #[test]
    fn nobody_acknowledges_packet_id_zero() {
        let mut window = Window::default();
        window.hand_over(Token::Once);

        window.on_left(0);

        assert_eq!(window.into_unacknowledged().count(), 0);
    }

    #[test]
    fn the_window_is_bounded() {
        let mut window = Window::default();
        let handed =
            std::iter::from_fn(|| window.has_room().then(|| window.hand_over(Token::Once)));

        assert_eq!(handed.count(), SIZE);
    }
}
