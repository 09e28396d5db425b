//! How long somebody has to wait who guesses passwords.
//!
//! Whoever fails three times has to wait for 1 s, then 2 s, 4 s and so on up to 30 s. What counts
//! is the address: an IPv4 address, or the first half of an IPv6 address, as the second half is the
//! client's to choose. Several clients behind one address share its fate: a client with a wrong
//! password slows the others down, and one that logs in lets the next one guess again.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

/// How often one may fail before it costs time.
const FREE: u32 = 3;
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// For how long a failure is remembered.
const FORGOTTEN: Duration = Duration::from_secs(10 * 60);

/// Who has failed to log in lately.
#[derive(Debug)]
pub struct Throttle {
    failures: HashMap<IpAddr, Failures>,
    most: usize,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Throttle {
    /// Remembers at most `most` addresses: of more, those that have been quiet the longest are
    /// forgotten.
    pub fn new(most: usize) -> Self {
        Self { failures: HashMap::new(), most }
    }

    /// How long `address` has to wait before it may try to log in. Zero: it may.
    pub fn wait(&self, address: IpAddr, now: Instant) -> Duration {
        let Some(failures) = self.failures.get(&key(address)) else { return Duration::ZERO };

        failures.pause().saturating_sub(now.saturating_duration_since(failures.last))
    }

    /// Somebody at `address` has failed.
    pub fn failed(&mut self, address: IpAddr, now: Instant) {
        let key = key(address);
        let known = self.failures.get(&key).filter(|failures| !failures.are_old(now));
        let count = known.map_or(0, |failures| failures.count).saturating_add(1);

        if !self.failures.contains_key(&key) {
            self.make_room(now);
        }
        self.failures.insert(key, Failures { count, last: now });
    }

    /// Somebody at `address` has logged in.
    pub fn succeeded(&mut self, address: IpAddr) {
        self.failures.remove(&key(address));
    }

    fn make_room(&mut self, now: Instant) {
        if self.failures.len() < self.most {
            return;
        }
        self.failures.retain(|_, failures| !failures.are_old(now));
        if self.failures.len() < self.most {
            return;
        }
        let quietest = self.failures.iter().min_by_key(|(_, failures)| failures.last);
        if let Some(address) = quietest.map(|(address, _)| *address) {
            self.failures.remove(&address);
        }
    }
}

impl Failures {
    fn pause(&self) -> Duration {
        match self.count.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(more) => SHORTEST.saturating_mul(1 << more.min(5)).min(LONGEST),
        }
    }

    fn are_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) >= FORGOTTEN
    }
}

fn key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_three_times_has_to_wait_longer_and_longer() {
        let (mut throttle, mut now) = (Throttle::new(10), Instant::now());
        let address = ip("192.0.2.1");
        let mut waits = Vec::new();

        for _ in 0..10 {
            now += throttle.wait(address, now);
            throttle.failed(address, now);
            waits.push(throttle.wait(address, now).as_secs());
        }

        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(throttle.wait(address, now + secs(29)), secs(1));
        assert_eq!(throttle.wait(address, now + secs(31)), Duration::ZERO);
        assert_eq!(throttle.wait(ip("192.0.2.2"), now), Duration::ZERO);
    }

    #[test]
    fn a_quiet_while_or_a_login_makes_forget() {
        let (mut throttle, now) = (Throttle::new(10), Instant::now());
        let (quiet, known) = (ip("192.0.2.1"), ip("192.0.2.2"));
        for _ in 0..9 {
            throttle.failed(quiet, now);
            throttle.failed(known, now);
        }

        throttle.succeeded(known);
        assert_eq!(throttle.wait(known, now), Duration::ZERO);
        throttle.failed(quiet, now + secs(600));
        assert_eq!(throttle.wait(quiet, now + secs(600)), Duration::ZERO);
    }

    #[test]
    fn the_second_half_of_an_address_does_not_hide_anybody() {
        let (mut throttle, now) = (Throttle::new(10), Instant::now());
        for n in 0..3 {
            throttle.failed(ip(&format!("2001:db8:1:2::{n}")), now);
            throttle.failed(ip("::ffff:192.0.2.1"), now);
        }

        assert_eq!(throttle.wait(ip("2001:db8:1:2:ffff::9"), now), secs(1));
        assert_eq!(throttle.wait(ip("2001:db8:1:3::9"), now), Duration::ZERO);
        assert_eq!(throttle.wait(ip("192.0.2.1"), now), secs(1));
    }

    #[test]
    fn it_remembers_only_so_many() {
        let (mut throttle, now) = (Throttle::new(3), Instant::now());
        for _ in 0..3 {
            throttle.failed(ip("192.0.2.9"), now);
        }
        for n in 0..100 {
            throttle.failed(ip(&format!("192.0.2.{}", 100 + n)), now + secs(n));
            assert!(throttle.failures.len() <= 3);
        }

        assert_eq!(throttle.wait(ip("192.0.2.9"), now), Duration::ZERO);
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }
}
