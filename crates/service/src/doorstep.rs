//! Where connections wait that have not said who they are: a bounded place. And how many
//! connections each address has, whether or not they have said so.
//!
//! When the place is full, whoever has waited longest has to go. Somebody who means it is through in
//! milliseconds, so that thousands who are silent stop nobody. Likewise with an address that has as
//! many connections as it may: the one of them that has waited longest has to go, and where none
//! waits there is no room for another.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// All who wait, and all addresses.
#[derive(Debug)]
pub struct Doorstep {
    places: usize,
    per_address: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    /// By the order in which they came.
    waiting: BTreeMap<u64, Waiting>,
    connections: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Waiting {
    address: IpAddr,
    sent_away: CancellationToken,
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub struct Place {
    doorstep: Arc<Doorstep>,
    number: u64,
    sent_away: CancellationToken,
}

/// One connection of an address, until it is dropped.
#[derive(Debug)]
pub struct Counted {
    doorstep: Arc<Doorstep>,
    address: IpAddr,
}

/// The address has as many connections as it may.
#[derive(Debug, PartialEq, Eq)]
pub struct Crowded;

impl Doorstep {
    /// A doorstep for so many who wait, and so many connections of one address.
    pub fn new(places: usize, per_address: usize) -> Self {
        Self { places, per_address, inner: Mutex::default() }
    }

    /// A place for a newcomer; where there is none, that of whoever has waited longest.
    ///
    /// # Errors
    ///
    /// The address has as many connections as it may, and none of them waits.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Result<(Place, Counted), Crowded> {
        let address = network(address);
        let mut inner = self.lock();
        if inner.connections.get(&address).is_some_and(|count| *count >= self.per_address) {
            let longest = inner.waiting.iter().find(|(_, waiting)| waiting.address == address);
            let number = *longest.ok_or(Crowded)?.0;
            inner.send_away(number);
        }
        while inner.waiting.len() >= self.places.max(1) {
            inner.send_longest_away();
        }

        *inner.connections.entry(address).or_default() += 1;
        inner.last += 1;
        let (number, sent_away) = (inner.last, CancellationToken::new());
        inner.waiting.insert(number, Waiting { address, sent_away: sent_away.clone() });

        let place = Place { doorstep: Arc::clone(self), number, sent_away };
        Ok((place, Counted { doorstep: Arc::clone(self), address }))
    }

    /// Sends away whoever has waited longest: its socket is needed.
    pub fn make_room(&self) {
        self.lock().send_longest_away();
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// How many connections there are, of all addresses.
    pub fn connections(&self) -> usize {
        self.lock().connections.values().sum()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn send_longest_away(&mut self) {
        if let Some((_, longest)) = self.waiting.pop_first() {
            longest.sent_away.cancel();
        }
    }

    fn send_away(&mut self, number: u64) {
        if let Some(waiting) = self.waiting.remove(&number) {
            waiting.sent_away.cancel();
        }
    }
}

/// What counts as one address: of IPv6, what one subscriber is given, which is never less than a
/// /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            [a, b, c, d, 0, 0, 0, 0].into()
        }
    }
}

impl Place {
    /// Resolves when somebody else needs the place; never, where it was given up before.
    pub fn sent_away(&self) -> impl Future<Output = ()> + use<> {
        self.sent_away.clone().cancelled_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.doorstep.lock().waiting.remove(&self.number);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut inner = self.doorstep.lock();
        if let Some(count) = inner.connections.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                inner.connections.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: [u8; 4] = [192, 0, 2, 1];
    const ELSEWHERE: [u8; 4] = [192, 0, 2, 2];

    fn enter(
        doorstep: &Arc<Doorstep>,
        address: impl Into<IpAddr>,
    ) -> Result<(Place, Counted), Crowded> {
        doorstep.enter(address.into())
    }

    fn is_sent_away((place, _): &(Place, Counted)) -> bool {
        place.sent_away.is_cancelled()
    }

    #[test]
    fn whoever_has_waited_longest_goes_first() {
        let doorstep = Arc::new(Doorstep::new(2, 10));
        let first = enter(&doorstep, HERE).unwrap();
        let second = enter(&doorstep, HERE).unwrap();

        let third = enter(&doorstep, HERE).unwrap();
        assert!(is_sent_away(&first) && !is_sent_away(&second) && !is_sent_away(&third));
        drop(second);
        let fourth = enter(&doorstep, HERE).unwrap();
        assert!(!is_sent_away(&third) && !is_sent_away(&fourth));
        doorstep.make_room();
        assert!(is_sent_away(&third) && !is_sent_away(&fourth));
    }

    #[test]
    fn an_address_that_has_as_many_as_it_may_is_turned_away_and_no_other() {
        let doorstep = Arc::new(Doorstep::new(10, 2));
        let (place, first) = enter(&doorstep, HERE).unwrap();
        let (_, _second) = enter(&doorstep, HERE).unwrap();
        drop(place);

        assert_eq!(enter(&doorstep, HERE).err(), Some(Crowded));
        assert_eq!(enter(&doorstep, [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]).err(), Some(Crowded));
        assert!(enter(&doorstep, ELSEWHERE).is_ok());
        drop(first);
        assert!(enter(&doorstep, HERE).is_ok());
        assert_eq!(doorstep.lock().connections.len(), 1);
    }

    #[test]
    fn of_an_address_that_has_too_many_the_silent_ones_go_first() {
        let doorstep = Arc::new(Doorstep::new(10, 2));
        let elsewhere = enter(&doorstep, ELSEWHERE).unwrap();
        let (_, _welcome) = enter(&doorstep, HERE).unwrap();
        let silent = enter(&doorstep, HERE).unwrap();

        let _newcomer = enter(&doorstep, HERE).unwrap();
        assert!(is_sent_away(&silent) && !is_sent_away(&elsewhere));
    }

    #[test]
    fn the_addresses_of_one_network_count_as_one() {
        let doorstep = Arc::new(Doorstep::new(10, 1));
        let (_, _one) = enter(&doorstep, [0x2001, 0xdb8, 0, 1, 0, 0, 0, 1]).unwrap();

        assert_eq!(enter(&doorstep, [0x2001, 0xdb8, 0, 1, 0xffff, 0, 0, 2]).err(), Some(Crowded));
        assert!(enter(&doorstep, [0x2001, 0xdb8, 0, 2, 0, 0, 0, 1]).is_ok());
    }
}
