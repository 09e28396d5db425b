//! The tables in the documentation of the crate are what the code does.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const DOCUMENTATION: &str = include_str!("../lib.rs");
const NOTHING: &str = "nothing";
const SAME: &str = "the same";

/// A line of a table: where, what happens, what is done about it, where that leads.
type Row = [String; 4];

#[test]
fn the_table_of_states_is_what_the_code_does() {
    let states = [
        State::Idle,
        State::Deciding,
        State::Opening,
        State::Open,
        State::Passing,
        State::Closing,
        State::Stopping,
    ];
    let happenings = [
        "a card that may pass",
        "a card to ask about",
        "nobody answers",
        "`open`",
        "`close`",
        "`stop`",
        "`emergency_open`",
        "the boom is up",
        "the boom is down",
        "the boom stands half-way",
        "a vehicle comes under the boom",
        "the vehicle leaves it",
        "its time is up",
        "somebody opens by hand",
        "the order is refused",
        "the controller is lost",
    ];

    let mut actual = BTreeSet::new();
    for state in states {
        for happening in happenings {
            let mut rig = Rig::in_state(state);
            rig.happens(happening);
            note(&mut actual, word(state), happening, rig.does(), word(rig.lane.state()));
        }
    }

    compare(&actual, "state");
}

#[test]
fn the_table_of_modes_is_what_the_code_does() {
    let modes = [
        LaneMode::Auto,
        LaneMode::HeldOpen,
        LaneMode::HeldClosed,
        LaneMode::EmergencyOpen,
        LaneMode::OutOfService,
    ];
    let happenings = [
        "a card that may pass",
        "`open`",
        "`close`",
        "`hold_open`",
        "`hold_closed`",
        "`auto`",
        "`emergency_open`",
        "`emergency_reset`",
        "its end has come",
        "a movement takes too long",
    ];

    let mut actual = BTreeSet::new();
    for mode in modes {
        for happening in happenings {
            let mut rig = Rig::in_mode(mode);
            rig.happens(happening);
            note(
                &mut actual,
                mode_word(mode),
                happening,
                rig.does(),
                mode_word(rig.lane.mode().mode),
            );
        }
    }

    compare(&actual, "mode");
}

/// What changes nothing is not in the table.
fn note(rows: &mut BTreeSet<Row>, at: String, happening: &str, does: String, is: String) {
    if does != NOTHING || is != at {
        rows.insert([at, happening.to_owned(), does, is]);
    }
}

#[track_caller]
fn compare(actual: &BTreeSet<Row>, table: &str) {
    let documented = documented(table);

    let missing = lines(actual.difference(&documented));
    let wrong = lines(documented.difference(actual));
    assert!(
        missing.is_empty() && wrong.is_empty(),
        "the table does not have:\n{missing}\nit has, and should not:\n{wrong}"
    );
}

/// Rows as they stand in the documentation, one for all states in which the same happens.
fn lines<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut grouped: BTreeMap<[&str; 3], Vec<&str>> = BTreeMap::new();
    for [at, happening, does, is] in rows {
        let is = if is == at { SAME } else { is };
        grouped.entry([happening, does, is]).or_default().push(at);
    }

    grouped
        .into_iter()
        .map(|([happening, does, is], at)| {
            format!("//! | {} | {happening} | {does} | {is} |\n", at.join(", "))
        })
        .collect()
}

/// The rows of the table whose first column is called `table`, one for each state that they name.
fn documented(table: &str) -> BTreeSet<Row> {
    DOCUMENTATION
        .lines()
        .map(|line| line.trim_start_matches("//!").trim())
        .skip_while(|line| !line.starts_with(&format!("| {table} |")))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .flat_map(|line| {
            let cells: Vec<String> =
                line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
            let [at, happening, does, is] = cells.try_into().expect("a row has four cells");
            at.split(", ")
                .map(|at| {
                    let is = if is == SAME { at.to_owned() } else { is.clone() };
                    [at.to_owned(), happening.clone(), does.clone(), is]
                })
                .collect::<Vec<Row>>()
        })
        .collect()
}

fn word(state: State) -> String {
    format!("{state:?}").to_lowercase()
}

fn mode_word(mode: LaneMode) -> String {
    let word = match mode {
        LaneMode::Auto => "auto",
        LaneMode::HeldOpen => "held_open",
        LaneMode::HeldClosed => "held_closed",
        LaneMode::EmergencyOpen => "emergency_open",
        LaneMode::OutOfService => "out_of_service",
        LaneMode::Unknown => "unknown",
    };

    word.to_owned()
}

impl Rig {
    fn in_state(state: State) -> Self {
        let mut rig = Self::closed();

        match state {
            State::Idle => {}
            State::Deciding => {
                rig.asking().card("A");
            }
            State::Opening => {
                rig.card("A");
            }
            State::Open => {
                rig.card("A").boom(Opening).boom(Open);
            }
            State::Passing => {
                rig.card("A").boom(Opening).boom(Open).vehicle(Presence::Occupied);
            }
            State::Closing => {
                rig.card("A").boom(Opening).boom(Open).after(CONFIG.open_for).boom(Closing);
            }
            State::Stopping => {
                rig.card("A").boom(Opening).command(GateAction::Stop);
            }
        }
        rig.drain();
        assert_eq!(rig.lane.state(), state);
        rig
    }

    /// As somebody has brought it about, with the boom where it belongs.
    fn in_mode(mode: LaneMode) -> Self {
        let mut rig = Self::closed();

        match mode {
            LaneMode::Auto | LaneMode::Unknown => {}
            LaneMode::HeldOpen => {
                rig.hold(GateAction::HoldOpen, 100).boom(Opening).boom(Open);
            }
            LaneMode::HeldClosed => {
                rig.hold(GateAction::HoldClosed, 100);
            }
            LaneMode::EmergencyOpen => {
                rig.command(GateAction::EmergencyOpen).boom(Opening).boom(Open);
            }
            LaneMode::OutOfService => {
                rig.command(GateAction::Open).boom(Opening).after(CONFIG.travel);
            }
        }
        rig.drain();
        assert_eq!(rig.lane.mode().mode, mode);
        rig
    }

    fn happens(&mut self, what: &str) {
        match what {
            "a card that may pass" => self.card("B"),
            "a card to ask about" => self.asking().card("B"),
            "nobody answers" if self.lane.question.is_none() => self,
            "nobody answers" => self.after(PATIENCE),
            "`open`" => self.command(GateAction::Open),
            "`close`" => self.command(GateAction::Close),
            "`stop`" => self.command(GateAction::Stop),
            "`hold_open`" => self.command(GateAction::HoldOpen),
            "`hold_closed`" => self.command(GateAction::HoldClosed),
            "`auto`" => self.command(GateAction::Auto),
            "`emergency_open`" => self.command(GateAction::EmergencyOpen),
            "`emergency_reset`" => self.command(GateAction::EmergencyReset),
            "the boom is up" => self.boom(Open),
            "the boom is down" => self.boom(Closed),
            "the boom stands half-way" => self.boom(Stopped),
            "a vehicle comes under the boom" => self.vehicle(Presence::Occupied),
            "the vehicle leaves it" => self.vehicle(Presence::Clear),
            "its time is up" => {
                let due = self.lane.phase.deadline().or(self.lane.phase.closes_at());
                self.after(due.map_or(Duration::ZERO, |due| due - self.now))
            }
            "a movement takes too long" => {
                self.command(GateAction::Stop).boom(Opening).drain();
                self.command(GateAction::Stop).drain();
                self.after(CONFIG.travel)
            }
            "its end has come" => self.clock(100),
            "somebody opens by hand" => {
                self.reading(Opening, self.reading.presence, Mover::Hand);
                self.reading(Open, self.reading.presence, Mover::Hand)
            }
            "the order is refused" => {
                for order in [BarrierOrder::Open, BarrierOrder::Close, BarrierOrder::Stop] {
                    self.when(Input::BarrierRefused(order, Refusal::Unable));
                }
                self
            }
            "the controller is lost" => self.when(Input::BarrierLost),
            other => panic!("`{other}` cannot happen"),
        };
    }

    /// Orders, events, and the codes of refusals.
    fn does(&mut self) -> String {
        self.drain();
        let refusals = self.codes.iter().filter_map(|(status, code)| {
            code.filter(|_| matches!(status, Rejected | AnswerStatus::Expired))
        });
        let mut words: Vec<String> = refusals.map(|code| format!("refuses: `{code}`")).collect();
        words.extend(
            self.spelled
                .iter()
                .filter(|word| !word.starts_with('c') || word.starts_with("card"))
                .cloned(),
        );

        if words.is_empty() { NOTHING.to_owned() } else { words.join(", ") }
    }
}
