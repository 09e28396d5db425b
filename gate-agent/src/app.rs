//! The picture of the agent, drawn once.

use std::{io, path::Path, sync::Arc};

use journal::{Journal, OpenError};
use lane::{BarrierOrder, Input, Lane, Mode};
use schemas::{CameraStatus, GateId, Id};
use service::{Supervisor, config::ConfigError, stamp};
use site_sim::{Gate, SimConfig, StartError};
use tokio::sync::{mpsc, watch};

use crate::{
    barrier,
    board::{BarrierHealth, Board, CameraHealth, Change, Devices, Identity, ReaderHealth},
    camera::{self, CameraOrder, Eye, Witness},
    card_reader,
    cards::{Cards, Link, Loaded},
    commands::{self, Admission, Commands},
    config::{Camera, CardReader, Config, Port, ReaderPort, Site},
    home_assistant::Discovery,
    journal_task::{self, Closed, JournalHandle, Retention},
    lane_task,
    mailbox::Mailbox,
    pictures::{self, Pictures, Reporter},
    replay::Replay,
    uplink::Uplink,
    voice::Voice,
};

/// Things happen at the pace of vehicles; 64 is minutes of them.
const QUEUE: usize = 64;
/// More than a few pending orders means that the barrier has stopped listening.
const ORDERS: usize = 8;
const REQUESTS: usize = 4;

/// The agent of one gate, ready to start.
#[derive(Debug)]
pub struct Agent {
    gate: GateId,
    config: Config,
    site: Site,
    journal: JournalHandle,
    identity: Arc<Identity>,
    mailbox: Mailbox,
    mode: Mode,
    cards: Loaded,
    pictures: Pictures,
    closed: Closed,
    simulation: Option<Arc<Gate>>,
}

/// The agent cannot start.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// It was asked for what may not be.
    #[error("cannot start a gate")]
    Config(#[from] ConfigError),
    /// Its journal cannot be used.
    #[error("cannot open the journal of {gate}")]
    Journal {
        /// The gate.
        gate: GateId,
        /// Why.
        source: OpenError,
    },
    /// The journal's id is no id.
    #[error("the journal of {0} is damaged: its id cannot be read")]
    JournalId(GateId),
    /// There is no thread for the journal.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
    /// Its simulated devices cannot be made.
    #[error("cannot simulate the devices of {gate}")]
    Simulation {
        /// The gate.
        gate: GateId,
        /// Why.
        source: StartError,
    },
}

impl Agent {
    /// Opens the journal and starts what is simulated. Nothing moves and nobody is told.
    ///
    /// # Errors
    ///
    /// The configuration, the journal or the simulated devices cannot be used.
    pub fn prepare(gate: GateId, config: Config, site: Site) -> Result<Self, PrepareError> {
        config.validate(&gate)?;
        site.mqtt.validate()?;
        let cards = Loaded::read(&gate, &config.lane, &site.data_dir)?;
        let path = site.data_dir.join(format!("{gate}.journal"));
        let journal = Journal::open(&path)
            .map_err(|source| PrepareError::Journal { gate: gate.clone(), source })?;
        let id: Id = journal.id().parse().map_err(|_| PrepareError::JournalId(gate.clone()))?;
        let simulation = simulate(&gate, &config, &site.data_dir)?;

        let identity = Arc::new(Identity {
            boot: stamp::new_id(),
            started_at: stamp::now(),
            simulated: config.is_simulated(),
            journal: id.clone(),
        });
        let mode = journal_task::last_mode(&journal);
        let mailbox = Mailbox::new(site.root.clone(), gate.clone());
        let voice = Voice::new(gate.clone());
        let reporter = Reporter { mailbox: mailbox.clone(), voice: voice.clone() };
        let album = site.data_dir.join(format!("{gate}.pictures"));
        let pictures = pictures::start(&album, config.keep_pictures, reporter)
            .map_err(PrepareError::Thread)?;
        let retention = Retention { age: config.keep_events, bytes: config.keep_bytes };
        let (journal, closed) =
            journal_task::start(journal, id, site.root.clone(), voice, mailbox.clone(), retention)
                .map_err(PrepareError::Thread)?;

        Ok(Self {
            gate,
            config,
            site,
            journal,
            identity,
            mailbox,
            mode,
            cards,
            pictures,
            closed,
            simulation,
        })
    }

    /// Its gate.
    pub fn gate(&self) -> &GateId {
        &self.gate
    }

    /// The simulated gate, where any device is simulated.
    pub fn simulation(&self) -> Option<Arc<Gate>> {
        self.simulation.clone()
    }

    /// What its devices are, for a person: `barrier simulated, card reader /dev/ttyUSB1`.
    pub fn devices(&self) -> String {
        let port = |port: &Port| match port {
            Port::Simulated => "simulated".to_owned(),
            Port::Serial(path) => path.clone(),
        };
        let reader = self.config.card_reader.as_ref();

        format!(
            "barrier {}, card reader {}, camera {}",
            port(&self.config.barrier.port),
            reader.map_or_else(|| "none".to_owned(), |reader| reader.port.to_string()),
            self.config.camera.describe(),
        )
    }

    /// Starts every task of the agent.
    pub fn start(self, supervisor: &mut Supervisor) {
        let (inputs, inbox) = mpsc::channel(QUEUE);
        let (orders, barrier_orders) = mpsc::channel(ORDERS);
        let (pictures, camera_orders) = mpsc::channel(QUEUE);
        let (changes, board_inbox) = mpsc::channel(QUEUE);

        let (link, heard) = watch::channel(Link::Down);

        self.start_uplink(supervisor, &inputs, &pictures, &changes, link);
        supervisor.spawn(self.name("board"), |cancel| self.board().run(board_inbox, cancel));

        let (cards, reload) = Cards::new(self.cards.clone(), &self.config.lane, heard);
        if let Some(reload) = reload {
            let (mailbox, voice) = (self.mailbox.clone(), self.voice());
            supervisor.spawn(self.name("cards"), |cancel| reload.run(mailbox, voice, cancel));
        }
        let eye = self.start_camera(supervisor, camera_orders, changes.clone());
        let direction = self.config.direction(&self.gate);
        let outputs = lane_task::Outputs {
            cards,
            barrier: orders,
            board: changes.clone(),
            witness: Witness::new(eye, pictures, direction),
            journal: self.journal.clone(),
            mailbox: self.mailbox.clone(),
            voice: self.voice(),
            direction,
        };
        let lane = Lane::new(self.config.lane(), self.mode.clone());
        supervisor.spawn(self.name("lane"), |cancel| lane_task::run(lane, inbox, outputs, cancel));

        self.start_devices(supervisor, inputs, barrier_orders, changes);
        supervisor.spawn(self.name("journal"), |cancel| self.closed.run(cancel));
    }

    /// The tasks between the broker and the rest: uplink, commands, replay.
    fn start_uplink(
        &self,
        supervisor: &mut Supervisor,
        inputs: &mpsc::Sender<Input>,
        pictures: &mpsc::Sender<CameraOrder>,
        changes: &mpsc::Sender<Change>,
        link: watch::Sender<Link>,
    ) {
        let (arrivals, commands_inbox) = mpsc::channel(QUEUE);
        let (requests, replay_inbox) = mpsc::channel(REQUESTS);
        let (again, replays) = mpsc::channel(REQUESTS);

        let uplink = Uplink {
            mqtt: self.site.mqtt.clone(),
            root: self.site.root.clone(),
            identity: Arc::clone(&self.identity),
            voice: self.voice(),
            mailbox: self.mailbox.clone(),
            journal: self.journal.clone(),
            commands: arrivals,
            board: changes.clone(),
            replays,
            link,
            discovery: Discovery::of(
                &self.site.home_assistant,
                &self.site.root,
                &self.gate,
                &self.config,
            ),
        };
        let commands = Commands {
            root: self.site.root.clone(),
            admission: Admission::new(self.config.command_life),
            journal: self.journal.clone(),
            voice: self.voice(),
            mailbox: self.mailbox.clone(),
            outputs: commands::Outputs {
                lane: inputs.clone(),
                camera: pictures.clone(),
                board: changes.clone(),
                replay: requests,
            },
        };
        let replay = Replay {
            id: self.identity.journal.clone(),
            journal: self.journal.clone(),
            entries: again,
            voice: self.voice(),
            mailbox: self.mailbox.clone(),
        };

        supervisor.spawn(self.name("uplink"), |cancel| uplink.run(cancel));
        supervisor.spawn(self.name("commands"), |cancel| commands.run(commands_inbox, cancel));
        supervisor.spawn(self.name("replay"), |cancel| replay.run(replay_inbox, cancel));
    }

    fn start_devices(
        &self,
        supervisor: &mut Supervisor,
        inputs: mpsc::Sender<Input>,
        orders: mpsc::Receiver<BarrierOrder>,
        changes: mpsc::Sender<Change>,
    ) {
        let config = self.config.barrier.clone();
        let path = self.port(&config.port, Gate::barrier_path);
        let outputs = barrier::Outputs { lane: inputs.clone(), board: changes.clone() };
        supervisor.spawn(self.name("barrier"), |cancel| {
            barrier::run(path, config, orders, outputs, cancel)
        });

        if let Some(config) = self.config.card_reader.clone() {
            let path = self.reader_path(&config);
            supervisor.spawn(self.name("card reader"), |cancel| {
                card_reader::run(path, config, inputs, changes, cancel)
            });
        }
    }

    /// What the camera sees can be looked at from here on.
    fn start_camera(
        &self,
        supervisor: &mut Supervisor,
        orders: mpsc::Receiver<CameraOrder>,
        changes: mpsc::Sender<Change>,
    ) -> Eye {
        let (eye, driver) = camera::open(&self.config.camera, self.simulation.clone());
        if let Some(driver) = driver {
            supervisor.spawn(self.name("camera driver"), |cancel| driver.run(cancel));
        }
        let (seen, voice) = (eye.clone(), self.voice());
        let (mailbox, pictures) = (self.mailbox.clone(), self.pictures.clone());
        let outputs = camera::Outputs { board: changes, mailbox, pictures, voice };
        supervisor.spawn(self.name("camera"), |cancel| camera::run(seen, orders, outputs, cancel));

        eye
    }

    fn board(&self) -> Board {
        Board::new(
            Arc::clone(&self.identity),
            Arc::clone(self.journal.figures()),
            self.voice(),
            self.mailbox.clone(),
            Lane::new(self.config.lane(), self.mode.clone()).status(),
            self.unseen(),
        )
    }

    /// The devices before any of them has been seen: fitted, and not there yet.
    fn unseen(&self) -> Devices {
        const STARTING: &str = "the agent has just started";
        let reader = self.config.card_reader.as_ref();

        Devices {
            barrier: BarrierHealth::unknown(
                &self.port(&self.config.barrier.port, Gate::barrier_path),
            ),
            card_reader: reader.map_or_else(ReaderHealth::not_fitted, |reader| {
                ReaderHealth::down(&self.reader_path(reader), STARTING.to_owned())
            }),
            camera: match self.config.camera {
                Camera::None => CameraHealth::not_fitted(),
                Camera::Simulated | Camera::Fitted(_) => {
                    CameraHealth::of(CameraStatus::Disconnected, Some(STARTING.to_owned()))
                }
            },
        }
    }

    fn voice(&self) -> Voice {
        Voice::new(self.gate.clone())
    }

    /// The name of a task, which says whose it is.
    fn name(&self, task: &str) -> String {
        format!("{} {task}", self.gate)
    }

    fn port(&self, port: &Port, simulated: impl Fn(&Gate) -> &Path) -> String {
        match (port, self.simulation.as_deref()) {
            (Port::Serial(path), _) => path.clone(),
            (Port::Simulated, Some(gate)) => simulated(gate).display().to_string(),
            (Port::Simulated, None) => unreachable!("a gate with a simulated device is simulated"),
        }
    }

    fn reader_path(&self, reader: &CardReader) -> String {
        match &reader.port {
            ReaderPort::Serial(path) | ReaderPort::Hid(path) => path.clone(),
            ReaderPort::Simulated => self.port(&Port::Simulated, Gate::card_reader_path),
        }
    }
}

fn simulate(
    gate: &GateId,
    config: &Config,
    data_dir: &Path,
) -> Result<Option<Arc<Gate>>, PrepareError> {
    if !config.is_simulated() {
        return Ok(None);
    }

    Gate::start(&data_dir.join("devices"), gate.as_str(), SimConfig::REAL)
        .map(|gate| Some(Arc::new(gate)))
        .map_err(|source| PrepareError::Simulation { gate: gate.clone(), source })
}
