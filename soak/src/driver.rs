//! The traffic at one gate: vehicle after vehicle, and what happens to them.

use std::time::Duration;

use barrier_link::Contact;
use rumqttc::AsyncClient;
use site_sim::{Device, Drive, Gate, Vehicle};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    args::Args,
    camera::Camera,
    fault::{Fault, Planned},
    listener::View,
    operator,
    program::Program,
    visit::{Outcome, Record, Visit},
};

const LOOK: Duration = Duration::from_millis(5);
/// A reader that is there is found by its agent long before this.
const NOBODY_READS: Duration = Duration::from_secs(30);
/// The room between two vehicles.
const GAP: Duration = Duration::from_millis(100);
/// What has happened is known to the agent, and on the disk.
const SETTLED: Duration = Duration::from_secs(2);

pub(crate) struct Driver {
    gate: Gate,
    camera: Camera,
    agent: Program,
    random: fastrand::Rng,
    view: watch::Receiver<View>,
    mouth: AsyncClient,
    record: Record,
}

impl Driver {
    pub(crate) fn new(
        gate: Gate,
        camera: Camera,
        agent: Program,
        random: fastrand::Rng,
        view: watch::Receiver<View>,
        mouth: AsyncClient,
    ) -> Self {
        let record = Record { gate: gate.name().to_owned(), ..Record::default() };

        Self { gate, camera, agent, random, view, mouth, record }
    }

    /// Runs until `until`, and on until the gate is at rest.
    pub(crate) async fn run(mut self, until: Instant, args: Args) -> anyhow::Result<Self> {
        self.come_to_rest().await;

        let mut due = Instant::now() + args.pause(args.vehicles, &mut self.random);
        while due.max(Instant::now()) < until && self.record.troubles.is_empty() {
            // One that is due while another is in the lane comes right behind it.
            sleep_until(due).await;
            due += args.pause(args.vehicles, &mut self.random);
            let goes_wrong = self.random.u8(..100) < args.faults;
            let planned = goes_wrong.then(|| Planned::by_chance(&mut self.random));
            self.visit(planned).await?;
            if planned.is_some() {
                // A gate that has not heard of it yet looks as if it were at rest.
                sleep(SETTLED).await;
                self.come_to_rest().await;
            }
        }

        self.come_to_rest().await;
        self.record.tally = self.gate.tally();
        Ok(self)
    }

    pub(crate) fn into_record(self) -> Record {
        self.record
    }

    async fn come_to_rest(&mut self) {
        match operator::bring_to_rest(&self.gate, &self.view, &self.mouth).await {
            Ok(orders) => self.record.orders += orders,
            Err(trouble) => self.record.troubles.push(trouble),
        }
    }

    async fn visit(&mut self, planned: Option<Planned>) -> anyhow::Result<()> {
        sleep(if planned.is_some() { SETTLED } else { GAP }).await;
        let before = self.gate.tally();
        let number = self.record.gate.rsplit('_').next().unwrap_or_default();
        let card = format!("{number}C{:06}", self.record.visits.len() + 1);
        if !self.arrive(&card).await {
            self.record.troubles.push(format!("nobody reads the card {card}"));
            return Ok(());
        }

        let fault = planned.map(|planned| planned.fault);
        if let Some(planned) = planned {
            *self.record.faults.entry(planned.fault).or_default() += 1;
            self.suffer(planned).await?;
        }
        while self.gate.state().visit != site_sim::Visit::None {
            sleep(LOOK).await;
        }
        let passed = self.gate.tally().passed > before.passed;
        let outcome = if passed { Outcome::Passed } else { Outcome::BackedOut };
        self.record.visits.push(Visit { card, outcome, fault });
        Ok(())
    }

    /// The vehicle comes and shows its card, as soon as somebody reads it.
    async fn arrive(&self, card: &str) -> bool {
        let began = Instant::now();
        while self.gate.drive_through(card).is_err() {
            if began.elapsed() > NOBODY_READS {
                return false;
            }
            sleep(LOOK).await;
        }

        true
    }

    async fn suffer(&mut self, Planned { fault, after, lasts }: Planned) -> anyhow::Result<()> {
        sleep(after).await;

        match fault {
            Fault::BacksOut => self.gate.vehicle(Vehicle::Absent),
            Fault::BreaksDown => self.break_down(lasts).await,
            Fault::PowerCut => {
                anyhow::ensure!(self.agent.kill(), "{} had ended by itself", self.record.gate);
                sleep(lasts).await;
                self.agent.start()?;
            }
            Fault::BarrierUnplugged => self.unplug(Device::Barrier, lasts).await?,
            Fault::ReaderUnplugged => self.unplug(Device::CardReader, lasts).await?,
            Fault::Jam => {
                self.gate.jam(Drive::Jammed);
                sleep(lasts).await;
                self.gate.jam(Drive::Runs);
            }
            Fault::CameraHangs => {
                self.camera.hang();
                sleep(lasts).await;
                self.camera.recover();
            }
            Fault::OpenedByHand => self.gate.open_by_hand(),
            Fault::Fire => {
                self.gate.fire_alarm(Contact::Active);
                sleep(lasts).await;
                self.gate.fire_alarm(Contact::Idle);
            }
        }

        Ok(())
    }

    async fn break_down(&self, lasts: Duration) {
        loop {
            match self.gate.state().visit {
                site_sim::Visit::Waiting { .. } => sleep(LOOK).await,
                site_sim::Visit::Passing { .. } => break,
                // It was through before anybody looked.
                site_sim::Visit::None | site_sim::Visit::Standing | site_sim::Visit::InFront => {
                    return;
                }
            }
        }

        self.gate.vehicle(Vehicle::Present);
        sleep(lasts).await;
        self.gate.vehicle(Vehicle::Absent);
    }

    async fn unplug(&self, device: Device, lasts: Duration) -> anyhow::Result<()> {
        self.gate.unplug(device);
        sleep(lasts).await;

        Ok(self.gate.plug(device)?)
    }
}
