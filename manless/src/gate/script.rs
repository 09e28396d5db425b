//! The steps of `manless gate test`, in their order: what only looks, then what moves.
//!
//! | step | it does | it asks |
//! |---|---|---|
//! | controller | waits for its report | |
//! | loop | waits for a vehicle, and for its end | first whether to |
//! | boom up | orders open | first whether to, then whether it is |
//! | boom down | orders close, if the loop is clear | first whether to, then whether it is |
//! | card reader | waits for a card | first whether to, then whether its number is right |
//! | camera | takes a picture, where one is configured | first whether to, then whether it shows the lane |

use std::{
    env, fs,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use gate_agent::{
    Camera, Config,
    install::{self, Bench, Loop, Order, Said},
};
use schemas::{BarrierStatus, GateId};
use site_sim::{Gate, Vehicle};
use tokio::time;

use crate::camera;

use super::{
    person::{Answer, Person, say},
    verdict::{Verdict, Verdicts},
};

/// How long a controller that is reset by opening its port takes to report, and then some.
const GREETING: Duration = Duration::from_secs(10);
/// How long it may take to name its firmware after that.
const NAME: Duration = Duration::from_secs(2);
/// How long a boom may take to stand still, and to say so.
const HALT: Duration = Duration::from_secs(2);
/// Shown to a simulated card reader.
const CARD: &str = "04A1B2C3";

/// A step that moves the boom.
#[derive(Debug, Clone, Copy)]
struct Movement {
    step: &'static str,
    title: &'static str,
    order: Order,
    end: BarrierStatus,
    question: &'static str,
    seen: &'static str,
}

const UP: Movement = Movement {
    step: "boom up",
    title: "3. Boom up",
    order: Order::Open,
    end: BarrierStatus::Open,
    question: "The boom will go UP. Is everybody away from it, and may it move?",
    seen: "Is the boom all the way up?",
};

const DOWN: Movement = Movement {
    step: "boom down",
    title: "4. Boom down",
    order: Order::Close,
    end: BarrierStatus::Closed,
    question: "The boom will go DOWN. Is nobody and nothing under it, and may it move?",
    seen: "Is the boom all the way down?",
};

/// One test of one gate.
pub(crate) struct Script<'a> {
    name: &'a GateId,
    config: &'a Config,
    bench: Bench,
    person: Person,
    simulated: Option<Arc<Gate>>,
    patience: Duration,
    known: Known,
    /// A movement that was ordered and has not ended.
    moving: bool,
    verdicts: Verdicts,
}

/// The latest that the devices said.
#[derive(Debug, Default)]
struct Known {
    barrier: Option<(BarrierStatus, Loop)>,
    firmware: Option<String>,
    no_controller: Option<String>,
    no_reader: Option<String>,
    refused: Option<&'static str>,
    card: Option<String>,
}

impl<'a> Script<'a> {
    pub(crate) fn new(
        name: &'a GateId,
        config: &'a Config,
        bench: Bench,
        person: Person,
        simulated: Option<Arc<Gate>>,
        patience: Duration,
    ) -> Self {
        let simulated_too = if simulated.is_some() {
            " Simulated devices do their part by themselves."
        } else {
            ""
        };
        let _ = say(&format!(
            "Testing {name}. Ctrl-C stops the boom and ends the test.{simulated_too}\n"
        ));

        Self {
            name,
            config,
            bench,
            person,
            simulated,
            patience,
            known: Known::default(),
            moving: false,
            verdicts: Verdicts::default(),
        }
    }

    pub(crate) async fn run(&mut self) -> Result<()> {
        if self.controller().await? {
            self.closing_loop().await?;
            self.boom(UP).await?;
            self.boom(DOWN).await?;
        } else {
            let untested = || Verdict::Skipped("there is no controller".to_owned());
            self.verdicts.add("loop", untested());
            self.verdicts.add(UP.step, untested());
            self.verdicts.add(DOWN.step, untested());
        }

        self.card_reader().await?;
        self.camera().await
    }

    /// The verdict, for a person and for a program.
    pub(crate) fn conclude(self) -> Result<()> {
        say(&format!("\n{}", self.verdicts))?;
        if let Some((position, _)) = self.known.barrier
            && position != BarrierStatus::Closed
        {
            say("The boom is not closed. It stays as it is until somebody moves it.\n")?;
        }

        match self.verdicts.failed() {
            0 => Ok(()),
            failed => bail!("{failed} of the steps failed"),
        }
    }

    /// Somebody wants it to end: a boom that moves is stopped.
    pub(crate) async fn interrupt(&mut self) -> Result<()> {
        if !self.moving {
            return say("\n");
        }
        say("\nStopping the boom.\n")?;
        self.bench.order(Order::Stop).await;
        self.wait(HALT, |known| {
            // `Closed` may be what was reported before it began to move.
            let (position, _) = known.barrier?;
            matches!(position, BarrierStatus::Stopped | BarrierStatus::Open).then_some(())
        })
        .await;

        Ok(())
    }

    /// Whether the controller is there.
    async fn controller(&mut self) -> Result<bool> {
        say("\n1. Controller of the barrier\n")?;
        let found = self.wait(GREETING, |known| known.barrier).await;
        self.wait(NAME, |known| known.firmware.clone()).await;

        let verdict = match found {
            Some((position, closing_loop)) => Verdict::Passed(format!(
                "it answers{}; the boom is {}, the loop under it {}",
                self.known
                    .firmware
                    .as_ref()
                    .map(|name| format!(", firmware {name}"))
                    .unwrap_or_default(),
                word(position),
                loop_word(closing_loop),
            )),
            None => Verdict::Failed(self.known.no_controller.clone().unwrap_or_else(|| {
                "the port is open and nothing answers: check baud, power, TX and RX".to_owned()
            })),
        };
        self.add("controller", verdict)?;

        Ok(found.is_some())
    }

    async fn closing_loop(&mut self) -> Result<()> {
        say("\n2. Loop under the boom\n")?;
        let verdict = match self.known.barrier {
            Some((_, Loop::NotFitted)) => {
                Verdict::Skipped("the controller says that none is fitted".to_owned())
            }
            _ => match self
                .person
                .ask("Test the loop? You need a vehicle, or a sheet of metal.")
                .await?
            {
                Answer::Yes => self.watch_loop().await?,
                answer @ (Answer::No | Answer::Nobody) => refused(answer),
            },
        };

        self.add("loop", verdict)
    }

    async fn watch_loop(&mut self) -> Result<Verdict> {
        for (wanted, vehicle, what, wrong) in [
            (Loop::Occupied, Vehicle::Present, "Put it on the loop.", "the loop did not see it"),
            (Loop::Clear, Vehicle::Absent, "Take it away.", "the loop stays occupied"),
        ] {
            say(&format!("   {what}\n"))?;
            if let Some(gate) = &self.simulated {
                gate.vehicle(vehicle);
            }
            let seen = self.wait(self.patience, |known| {
                known.barrier.filter(|(_, closing_loop)| *closing_loop == wanted)
            });
            if seen.await.is_none() {
                return Ok(Verdict::Failed(wrong.to_owned()));
            }
            say(&format!("   The loop is {}.\n", loop_word(wanted)))?;
        }

        Ok(Verdict::Passed("it saw the vehicle come and go".to_owned()))
    }

    async fn boom(&mut self, movement: Movement) -> Result<()> {
        say(&format!("\n{}\n", movement.title))?;

        let verdict = match self.ask(movement.question).await? {
            Answer::Yes => match self.drive(movement).await {
                Ok(took) => match self.ask(movement.seen).await? {
                    Answer::Yes => Verdict::Passed(format!("{:.1} s", took.as_secs_f64())),
                    Answer::No => Verdict::Failed(format!(
                        "the controller says that it is {}, and it is not: check the limit \
                         switches, or the travel time of the controller",
                        word(movement.end)
                    )),
                    Answer::Nobody => refused(Answer::Nobody),
                },
                Err(reason) => Verdict::Failed(reason),
            },
            answer @ (Answer::No | Answer::Nobody) => refused(answer),
        };

        self.add(movement.step, verdict)
    }

    /// Moves the boom, and waits for its end position: how long it took, or why it did not.
    async fn drive(&mut self, movement: Movement) -> Result<Duration, String> {
        let Movement { order, end, .. } = movement;
        match self.known.barrier {
            None => return Err(self.lost()),
            Some((_, Loop::Occupied)) if order == Order::Close => {
                return Err("the loop is occupied: the boom is not lowered".to_owned());
            }
            Some((position, _)) if position == end => {
                return Err(format!("it is {} already, so nothing was tested", word(end)));
            }
            Some(_) => {}
        }

        let start = Instant::now();
        self.known.refused = None;
        self.moving = true;
        self.bench.order(order).await;
        let reached = self
            .wait(self.config.travel, |known| {
                let reached = known.barrier.is_none_or(|(position, _)| position == end);
                (reached || known.refused.is_some()).then_some(())
            })
            .await;
        self.moving = false;

        match (reached, self.known.refused, self.known.barrier) {
            (_, Some(reason), _) => Err(format!("the controller refused: {reason}")),
            (_, None, None) => Err(self.lost()),
            (Some(()), None, Some(_)) => Ok(start.elapsed()),
            (None, None, Some((position, _))) => Err(format!(
                "it is {} after {:?}: check the drive, the relays and the limit switches; `travel` \
                 in the configuration has to be longer than the slowest movement",
                word(position),
                self.config.travel
            )),
        }
    }

    async fn card_reader(&mut self) -> Result<()> {
        say("\n5. Card reader\n")?;
        if self.config.card_reader.is_none() {
            return self.add("card reader", Verdict::Skipped("none is configured".to_owned()));
        }

        let verdict = match self.known.no_reader.clone() {
            Some(reason) => Verdict::Failed(reason),
            None => match self.ask("Test the card reader? You need a card.").await? {
                Answer::Yes => self.read_card().await?,
                answer @ (Answer::No | Answer::Nobody) => refused(answer),
            },
        };

        self.add("card reader", verdict)
    }

    async fn read_card(&mut self) -> Result<Verdict> {
        say("   Hold a card to the reader.\n")?;
        self.known.card = None;
        if let Some(Err(error)) = self.simulated.as_ref().map(|gate| gate.present_card(CARD)) {
            return Ok(Verdict::Failed(error.to_string()));
        }
        let Some(card) = self.wait(self.patience, |known| known.card.clone()).await else {
            return Ok(Verdict::Failed(
                "no card came: `manless reader listen` shows what the reader sends".to_owned(),
            ));
        };

        let question =
            format!("It reads {card}. Is that the number in your lists, or on the card?");
        Ok(match self.ask(&question).await? {
            Answer::Yes => Verdict::Passed(card),
            Answer::No => Verdict::Failed(format!(
                "{card} is another number: see `number` and `bytes` in docs/card-readers.md"
            )),
            Answer::Nobody => refused(Answer::Nobody),
        })
    }

    async fn camera(&mut self) -> Result<()> {
        if self.config.camera == Camera::None {
            return Ok(());
        }
        say("\n6. Camera\n")?;

        let verdict = match self.ask("Take a picture?").await? {
            Answer::Yes => self.take_picture().await?,
            answer @ (Answer::No | Answer::Nobody) => refused(answer),
        };

        self.add("camera", verdict)
    }

    async fn take_picture(&mut self) -> Result<Verdict> {
        let taken =
            install::snap(&self.config.camera, self.simulated.clone(), camera::PATIENCE).await;
        let picture = match taken {
            Ok(picture) => picture,
            Err(reason) => return Ok(Verdict::Failed(reason.to_string())),
        };
        let file = env::temp_dir().join(format!("manless-{}.jpg", self.name));
        if let Err(error) = fs::write(&file, &picture.jpeg) {
            return Ok(Verdict::Failed(format!("cannot write {}: {error}", file.display())));
        }

        let size = format!("{} × {} pixels", picture.width, picture.height);
        say(&format!("   {size}, in {}: look at it.\n", file.display()))?;
        Ok(match self.ask("Does it show the lane, sharp and bright enough?").await? {
            Answer::Yes => Verdict::Passed(size),
            Answer::No => Verdict::Failed(
                "you do not see the lane: turn the camera, focus it, give it light".to_owned(),
            ),
            Answer::Nobody => refused(Answer::Nobody),
        })
    }

    fn lost(&self) -> String {
        let reason = self.known.no_controller.clone().unwrap_or_default();

        format!("the controller is lost: {reason}")
    }

    fn add(&mut self, step: &'static str, verdict: Verdict) -> Result<()> {
        say(&format!("   {verdict}\n"))?;
        self.verdicts.add(step, verdict);

        Ok(())
    }

    /// Waits until `wanted` is known, at most so long.
    async fn wait<T>(&mut self, time: Duration, wanted: impl Fn(&Known) -> Option<T>) -> Option<T> {
        let (bench, known) = (&mut self.bench, &mut self.known);
        let known = async {
            loop {
                if let Some(found) = wanted(known) {
                    return found;
                }
                known.hear(bench.next().await);
            }
        };

        time::timeout(time, known).await.ok()
    }

    /// Asks a person, and goes on hearing the devices: an answer is followed by what is known
    /// then, not by what was known before.
    async fn ask(&mut self, question: &str) -> Result<Answer> {
        let (bench, known) = (&mut self.bench, &mut self.known);
        let hearing = async {
            loop {
                known.hear(bench.next().await);
            }
        };

        tokio::select! {
            answer = self.person.ask(question) => answer,
            () = hearing => unreachable!("devices are heard without end"),
        }
    }
}

impl Known {
    fn hear(&mut self, said: Said) {
        match said {
            Said::Controller { firmware } => {
                self.no_controller = None;
                self.firmware = firmware.or(self.firmware.take());
            }
            Said::NoController(reason) => {
                self.no_controller = Some(reason);
                self.barrier = None;
            }
            Said::Barrier { position, closing_loop } => {
                self.barrier = Some((position, closing_loop));
            }
            Said::Refused(reason) => self.refused = Some(reason),
            Said::Reader(_) => self.no_reader = None,
            Said::NoReader(reason) => self.no_reader = Some(reason),
            Said::Card(card) => self.card = Some(card),
        }
    }
}

fn refused(answer: Answer) -> Verdict {
    Verdict::Skipped(match answer {
        Answer::Nobody => "nobody answered".to_owned(),
        Answer::Yes | Answer::No => "you said no".to_owned(),
    })
}

fn word(position: BarrierStatus) -> &'static str {
    match position {
        BarrierStatus::Closed => "closed",
        BarrierStatus::Opening => "opening",
        BarrierStatus::Open => "open",
        BarrierStatus::Closing => "closing",
        BarrierStatus::Stopped => "stopped on its way",
        BarrierStatus::Unknown => "somewhere: the controller cannot tell",
    }
}

fn loop_word(closing_loop: Loop) -> &'static str {
    match closing_loop {
        Loop::NotFitted => "not fitted",
        Loop::Clear => "clear",
        Loop::Occupied => "occupied",
    }
}
