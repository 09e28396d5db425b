//! The end of a process whose router hangs, also where nothing else could end it any more.
//!
//! Whoever hands something to a router that hangs may have to wait for it, and waits with a thread:
//! the router's channel is one that blocks when it is full. So the threads that would stop the
//! process in order can be the very ones that wait. This one waits for nobody.

use std::{
    io, mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

/// How often it is looked whether the router has answered.
const LOOK: Duration = Duration::from_millis(500);
/// After so many looks in vain it is over: within 5 s, and after the watchdog, which stops the
/// process in order where that can be done. Looks are counted, not time: a process that was
/// stopped and goes on is not one that hangs.
const LOOKS: u32 = 9;

/// Counts the answers of the router.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pulse(Arc<AtomicU64>);

/// Armed until it is dropped.
#[derive(Debug)]
pub(crate) struct Deadman {
    /// Its end is what disarms.
    _armed: Sender<()>,
}

/// What is seen of a pulse, look by look.
#[derive(Debug, Default)]
struct Watch {
    seen: u64,
    in_vain: u32,
}

impl Pulse {
    /// The router has answered.
    pub(crate) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn beats(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Deadman {
    /// Calls `end` in a thread of its own as soon as the pulse stops.
    ///
    /// # Errors
    ///
    /// There is no thread to be had.
    pub(crate) fn watch(pulse: Pulse, end: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (armed, disarmed) = mpsc::channel();
        thread::Builder::new()
            .name("router-deadman".to_owned())
            .spawn(move || look_after(&pulse, &disarmed, end))?;

        Ok(Self { _armed: armed })
    }

    /// Stays armed until the process has ended, which is about to happen.
    pub(crate) fn stay_armed(self) {
        mem::forget(self);
    }
}

fn look_after(pulse: &Pulse, disarmed: &Receiver<()>, end: impl FnOnce()) {
    let mut watch = Watch::default();

    while disarmed.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        if watch.look(pulse.beats()) >= LOOKS {
            return end();
        }
    }
}

impl Watch {
    /// How many looks in a row were in vain, this one included.
    fn look(&mut self, beats: u64) -> u32 {
        self.in_vain = if beats == self.seen { self.in_vain + 1 } else { 0 };
        self.seen = beats;

        self.in_vain
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn only_looks_without_a_beat_between_them_are_in_vain() {
        let mut watch = Watch::default();

        let looks = [1, 1, 1, 2, 2, 5].map(|beats| watch.look(beats));

        assert_eq!(looks, [0, 1, 2, 0, 1, 0]);
    }

    #[test]
    fn a_pulse_that_stops_is_the_end() {
        let (end, ended) = mpsc::channel();
        let pulse = Pulse::default();
        pulse.beat();

        let _armed = Deadman::watch(pulse, move || end.send(()).unwrap()).unwrap();

        assert_eq!(ended.recv(), Ok(()));
    }

    #[test]
    fn one_that_is_not_armed_any_more_lets_live() {
        let (end, ended) = mpsc::channel::<()>();

        drop(Deadman::watch(Pulse::default(), move || end.send(()).unwrap()).unwrap());

        assert_eq!(ended.recv(), Err(mpsc::RecvError), "its thread ends without a word");
    }
}
