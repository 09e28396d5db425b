//! The devices of one gate on one thread, which sleeps until one of them has something.

use std::{
    io,
    sync::mpsc::{Receiver, TryRecvError},
    time::{Duration, Instant},
};

use barrier_link::ResetCause;
use rustix::event::{PollFd, PollFlags};
use tracing::warn;

use super::{GateState, Latest};
use crate::{
    SimConfig,
    barrier::Input,
    device::{Cable, CardError, Device},
    plant::Plant,
    pty::{Event, Pty},
    visit::Loops,
    waker::{Wakeups, wait},
};

/// How often a device that nobody has open is asked whether somebody has.
const PROBE: Duration = Duration::from_millis(50);

/// Something to do on the thread of a gate.
pub(crate) type Request = Box<dyn FnOnce(&mut Bench, Instant) + Send>;

#[derive(Debug)]
pub(crate) struct Bench {
    plant: Plant,
    barrier: Pty,
    card_reader: Pty,
    /// The card that the driver in front of the boom is about to show.
    card: Option<(String, Instant)>,
}

impl Bench {
    pub(crate) fn new(barrier: Pty, card_reader: Pty, config: SimConfig, now: Instant) -> Self {
        Self { plant: Plant::new(config, now), barrier, card_reader, card: None }
    }

    /// Runs until the other end of `requests` is gone.
    pub(crate) fn run(mut self, requests: &Receiver<Request>, wakeups: &Wakeups, latest: &Latest) {
        loop {
            self.wait(wakeups);
            wakeups.clear();

            let now = Instant::now();
            self.listen(now);
            self.settle(now, latest);

            loop {
                match requests.try_recv() {
                    Ok(request) => request(&mut self, now),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
                self.settle(now, latest);
            }
        }
    }

    pub(crate) fn plant(&mut self) -> &mut Plant {
        &mut self.plant
    }

    pub(crate) fn state(&self) -> GateState {
        GateState {
            barrier: self.plant.barrier().state(),
            visit: self.plant.visit(),
            drive: self.plant.barrier().drive(),
            barrier_cable: self.barrier.cable(),
            card_reader_cable: self.card_reader.cable(),
        }
    }

    pub(crate) fn read_card(&mut self, line: &str) -> Result<(), CardError> {
        // It may have been opened since the last look.
        self.card_reader.probe();

        match self.card_reader.polled() {
            Some(_) => {
                self.card_reader.write(line.as_bytes());
                Ok(())
            }
            None => Err(CardError::NobodyReads),
        }
    }

    /// A vehicle comes with its card. Where there is an arming loop it stands there first.
    pub(crate) fn arrive(
        &mut self,
        line: String,
        delay: Duration,
        now: Instant,
    ) -> Result<(), CardError> {
        if self.plant.loops() == Loops::Both {
            self.card = Some((line, now + delay));
        } else {
            self.read_card(&line)?;
        }
        self.plant.arrive(now);

        Ok(())
    }

    pub(crate) fn unplug(&mut self, device: Device) {
        match device {
            Device::Barrier => self.barrier.unplug(),
            Device::CardReader => self.card_reader.unplug(),
        }
    }

    /// The controller has its power from the cable.
    pub(crate) fn plug(&mut self, device: Device, now: Instant) -> io::Result<()> {
        match device {
            Device::Barrier if self.barrier.cable() != Cable::Unplugged => Ok(()),
            Device::Barrier => {
                self.plant.barrier_mut().handle(Input::Reset(ResetCause::Power), now);
                self.barrier.plug()
            }
            Device::CardReader => self.card_reader.plug(),
        }
    }

    fn wait(&self, wakeups: &Wakeups) {
        let now = Instant::now();
        let card = self.card.as_ref().map(|(_, due)| *due);
        let due = card.into_iter().fold(self.plant.poll_timeout(now), Ord::min);
        let timeout = due.saturating_duration_since(now);
        let probing =
            [&self.barrier, &self.card_reader].iter().any(|pty| pty.cable() == Cable::Idle);
        let timeout = if probing { timeout.min(PROBE) } else { timeout };

        let mut fds = vec![PollFd::new(wakeups, PollFlags::IN)];
        let devices = [self.barrier.polled(), self.card_reader.polled()];
        fds.extend(
            devices.into_iter().flatten().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)),
        );

        wait(&mut fds, Some(timeout));
    }

    fn listen(&mut self, now: Instant) {
        let mut buffer = [0; 512];

        // Opening the port resets the controller, as it does many an Arduino.
        if self.barrier.probe() == Event::Opened {
            self.plant.barrier_mut().handle(Input::Reset(ResetCause::External), now);
        }
        if let Event::Bytes(count) = self.read(Device::Barrier, &mut buffer) {
            self.plant.barrier_mut().receive(&buffer[..count], now);
        }

        // A card reader does not listen, but its line must not fill up.
        self.card_reader.probe();
        self.read(Device::CardReader, &mut buffer);
    }

    fn read(&mut self, device: Device, buffer: &mut [u8]) -> Event {
        let pty = match device {
            Device::Barrier => &mut self.barrier,
            Device::CardReader => &mut self.card_reader,
        };

        pty.read(buffer).unwrap_or_else(|error| {
            warn!(%device, %error, "A simulated device is lost until it is plugged in again");
            Event::Nothing
        })
    }

    /// Lets what has happened have its consequences.
    fn settle(&mut self, now: Instant, latest: &Latest) {
        self.plant.handle_timeout(now);
        if let Some((line, _)) = self.card.take_if(|(_, due)| *due <= now)
            && let Err(error) = self.read_card(&line)
        {
            warn!(%error, "The driver in front of the boom cannot show the card");
        }
        self.barrier.write(self.plant.barrier_mut().take_output().as_bytes());
        latest.publish(self.state());
    }
}
