//! The board: what is known of the gate's devices, published as the three states.
//!
//! In: every change of a device or the lane. Out: `hardware_status`, `gate_status` and
//! `system_status`, each when what it says has changed, all of them on every connection and on
//! request, and `hardware_status` every 30 s.

use std::{convert::Infallible, sync::Arc, time::Duration};

use schemas::{
    Arduino, BarrierStatus, Body, CONTRACT, Camera, CameraStatus, CardReader, GateStatus,
    HardwareStatus, Id, LaneMode, SystemState, SystemStatus, Timestamp,
};
use tokio::{
    sync::mpsc,
    time::{self, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use crate::{journal_task::Figures, mailbox::Mailbox, voice::Voice};

/// How often `hardware_status` is published when nothing changes.
const REPEAT: Duration = Duration::from_secs(30);

/// Something that the states have to say.
#[derive(Debug)]
pub(crate) enum Change {
    Barrier(BarrierHealth),
    CardReader(ReaderHealth),
    Camera(CameraHealth),
    Lane(GateStatus),
    /// Somebody wants all states anew.
    Asked,
}

/// What is known of the barrier controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BarrierHealth {
    pub(crate) connected: bool,
    pub(crate) port: String,
    pub(crate) firmware: Option<String>,
    pub(crate) detail: Option<String>,
}

/// What is known of the card reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReaderHealth {
    status: CardReader,
    fitted: Fitted,
}

/// What is known of the camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CameraHealth {
    status: Camera,
    fitted: Fitted,
}

/// Whether a device that is not there is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fitted {
    Yes,
    No,
}

/// What does not change while the agent runs.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) boot: Id,
    pub(crate) started_at: Timestamp,
    pub(crate) simulated: bool,
    pub(crate) journal: Id,
}

/// What is known of the devices before any of them has been seen.
#[derive(Debug)]
pub(crate) struct Devices {
    pub(crate) barrier: BarrierHealth,
    pub(crate) card_reader: ReaderHealth,
    pub(crate) camera: CameraHealth,
}

#[derive(Debug)]
pub(crate) struct Board {
    identity: Arc<Identity>,
    figures: Arc<Figures>,
    voice: Voice,
    mailbox: Mailbox,
    barrier: BarrierHealth,
    reader: ReaderHealth,
    camera: CameraHealth,
    lane: GateStatus,
    /// What is wrong with the journal.
    trouble: Option<String>,
    told: Told,
}

/// What was last published.
#[derive(Debug, Default)]
struct Told {
    hardware: Option<HardwareStatus>,
    gate: Option<GateStatus>,
    system: Option<(SystemState, Option<String>)>,
}

impl Board {
    pub(crate) fn new(
        identity: Arc<Identity>,
        figures: Arc<Figures>,
        voice: Voice,
        mailbox: Mailbox,
        lane: GateStatus,
        devices: Devices,
    ) -> Self {
        Self {
            identity,
            figures,
            voice,
            mailbox,
            barrier: devices.barrier,
            reader: devices.card_reader,
            camera: devices.camera,
            lane,
            trouble: None,
            told: Told::default(),
        }
    }

    /// Runs until cancelled.
    pub(crate) async fn run(
        mut self,
        mut changes: mpsc::Receiver<Change>,
        cancel: CancellationToken,
    ) -> Result<(), Infallible> {
        let mut trouble = self.figures.trouble();
        let mut repeat = time::interval(REPEAT);
        repeat.set_missed_tick_behavior(MissedTickBehavior::Delay);

        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(()),
                Some(change) = changes.recv() => self.take(change),
                // The sender lives as long as the board.
                Ok(()) = trouble.changed() => self.trouble = trouble.borrow_and_update().clone(),
                _ = repeat.tick() => self.told.hardware = None,
            }
            self.publish();
        }
    }

    fn take(&mut self, change: Change) {
        match change {
            Change::Barrier(health) => self.barrier = health,
            Change::CardReader(health) => self.reader = health,
            Change::Camera(health) => self.camera = health,
            Change::Lane(status) => self.lane = status,
            Change::Asked => self.told = Told::default(),
        }
    }

    /// What has changed, `system_status` last: whoever sees `online` knows the rest.
    fn publish(&mut self) {
        let hardware = self.hardware();
        if self.told.hardware.as_ref() != Some(&hardware) {
            self.mailbox.post_state(&self.voice.report(Body::HardwareStatus(hardware.clone())));
            self.told.hardware = Some(hardware);
        }
        if self.told.gate.as_ref() != Some(&self.lane) {
            self.mailbox.post_state(&self.voice.report(Body::GateStatus(self.lane.clone())));
            self.told.gate = Some(self.lane.clone());
        }
        let system = Some((self.state(), self.trouble.clone()));
        if self.told.system != system {
            self.mailbox.post_state(&self.voice.report(Body::SystemStatus(self.system())));
            self.told.system = system;
        }
    }

    fn state(&self) -> SystemState {
        let whole = self.barrier.connected
            && (self.reader.status.connected || self.reader.fitted == Fitted::No)
            && (self.camera.status.connected || self.camera.fitted == Fitted::No);

        if whole && self.lane.mode != LaneMode::OutOfService && self.trouble.is_none() {
            SystemState::Online
        } else {
            SystemState::Degraded
        }
    }

    fn system(&self) -> SystemStatus {
        SystemStatus {
            last_seq: Some(self.figures.last_seq()),
            unsent: Some(self.figures.unsent()),
            reason: self.trouble.clone(),
            ..self.identity.system_status(self.state())
        }
    }

    fn hardware(&self) -> HardwareStatus {
        let barrier = self.barrier.clone();
        let connected = barrier.connected;

        HardwareStatus {
            camera: self.camera.status.clone(),
            card_reader: self.reader.status.clone(),
            arduino: Arduino {
                connected,
                gate_status: if connected { self.lane.status } else { BarrierStatus::Unknown },
                port: Some(barrier.port),
                vehicle_present: self.lane.vehicle_present,
                firmware: barrier.firmware,
                detail: barrier.detail,
            },
        }
    }
}

impl Identity {
    /// All that can be said without knowing the devices.
    pub(crate) fn system_status(&self, state: SystemState) -> SystemStatus {
        SystemStatus {
            state,
            boot: self.boot.clone(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            started_at: Some(self.started_at),
            simulated: Some(self.simulated),
            contract: Some(CONTRACT.to_owned()),
            journal: Some(self.journal.clone()),
            last_seq: None,
            unsent: None,
            clock: None,
            reason: None,
        }
    }
}

impl BarrierHealth {
    /// It is not there, as far as anybody knows.
    pub(crate) fn unknown(port: &str) -> Self {
        Self { connected: false, port: port.to_owned(), firmware: None, detail: None }
    }
}

impl ReaderHealth {
    /// It is there; `detail` says what is wrong all the same.
    pub(crate) fn up(port: &str, detail: Option<String>) -> Self {
        Self::of(true, port, detail)
    }

    pub(crate) fn down(port: &str, reason: String) -> Self {
        Self::of(false, port, Some(reason))
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.status.connected
    }

    pub(crate) fn detail(&self) -> Option<String> {
        self.status.detail.clone()
    }

    pub(crate) fn not_fitted() -> Self {
        let status = CardReader {
            connected: false,
            port: None,
            status: Some("not_fitted".to_owned()),
            detail: None,
        };

        Self { status, fitted: Fitted::No }
    }

    fn of(connected: bool, port: &str, detail: Option<String>) -> Self {
        let status = if connected { "ready" } else { "disconnected" };
        let status = CardReader {
            connected,
            port: Some(port.to_owned()),
            status: Some(status.to_owned()),
            detail,
        };

        Self { status, fitted: Fitted::Yes }
    }
}

impl CameraHealth {
    pub(crate) fn of(status: CameraStatus, detail: Option<String>) -> Self {
        let connected = matches!(status, CameraStatus::Ready | CameraStatus::Streaming);

        Self { status: Camera { connected, status: Some(status), detail }, fitted: Fitted::Yes }
    }

    pub(crate) fn not_fitted() -> Self {
        let status = Camera {
            connected: false,
            status: Some(CameraStatus::Disconnected),
            detail: Some("no camera is fitted".to_owned()),
        };

        Self { status, fitted: Fitted::No }
    }
}
