//! The table, on the screen and on disk.

use std::{fmt::Write, fs, path::Path, process::Command, thread};

use anyhow::Context;
use serde_json::{Value, json};

use crate::{scenario::Outcome, statistics::median};

/// The column that the others are compared with.
const OURS: &str = "ours";

/// All that was measured.
#[derive(Debug)]
pub(crate) struct Report {
    /// Whose figures are in which column.
    columns: Vec<&'static str>,
    what: String,
    rows: Vec<Row>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Row {
    case: &'static str,
    what: &'static str,
    unit: &'static str,
    /// By peer, what each round gave.
    values: Vec<Vec<f64>>,
}

impl Report {
    /// What was done is said above the table.
    pub(crate) fn new(columns: &[&'static str], what: String) -> Self {
        Self { columns: columns.to_vec(), what, rows: Vec::new(), notes: Vec::new() }
    }

    /// What the figures depend on besides the brokers.
    pub(crate) fn circumstances(&self) -> anyhow::Result<String> {
        let cores = thread::available_parallelism().context("cannot count the cores")?;
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let others = load.split(' ').next().unwrap_or("?");

        Ok(format!(
            "{}. {cores} cores ({}), {}, load {others} before the run; sleeping overshoots by {:.0} µs.",
            self.what,
            processor(),
            says("uname", &["-sr"]),
            crate::scenario::lateness()?,
        ))
    }

    /// What one round gave, or why it gave nothing.
    pub(crate) fn add(
        &mut self,
        column: usize,
        case: &'static str,
        round: u32,
        outcome: anyhow::Result<Outcome>,
    ) {
        let at = format!("{case}, {}, round {}", self.columns[column], round + 1);
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                self.notes.push(format!("{at}: failed: {error:#}"));
                return;
            }
        };

        self.notes.extend(outcome.note.map(|note| format!("{at}: {note}")));
        for measure in outcome.measures {
            let known =
                self.rows.iter().position(|row| row.case == case && row.what == measure.what);
            let row = known.unwrap_or_else(|| {
                let values = vec![Vec::new(); self.columns.len()];
                let (what, unit) = (measure.what, measure.unit);
                self.rows.push(Row { case, what, unit, values });
                self.rows.len() - 1
            });
            self.rows[row].values[column].push(measure.value);
        }
    }

    /// A table with a column for each, and one for each ratio.
    pub(crate) fn markdown(&self) -> String {
        if self.rows.is_empty() && self.notes.is_empty() {
            return String::new();
        }
        let mut text = String::from("| |");
        let others = self.others();
        for name in &self.columns {
            let _ = write!(text, " {name} |");
        }
        for (_, name) in &others {
            let _ = write!(text, " {OURS} : {name} |");
        }
        let columns = self.columns.len() + others.len();
        let _ = writeln!(text, "\n|---|{}", "---:|".repeat(columns));

        for row in &self.rows {
            let medians: Vec<_> = row.values.iter().map(|values| median(values)).collect();
            let _ = write!(text, "| {}: {} ({}) |", row.case, row.what, row.unit);
            for value in &medians {
                let _ = write!(text, " {} |", value.map_or("-".to_owned(), figure));
            }
            for (column, _) in &others {
                let ratio = self.ours().and_then(|ours| Some(medians[ours]? / medians[*column]?));
                let _ = write!(text, " {} |", ratio.map_or("-".to_owned(), |r| format!("{r:.2}")));
            }
            text.push('\n');
        }
        text.push('\n');
        for note in &self.notes {
            let _ = writeln!(text, "- {note}");
        }

        text
    }

    /// Writes the table, and every single value.
    pub(crate) fn save(&self, name: &str) -> anyhow::Result<()> {
        let dir = Path::new("bench/results");
        fs::create_dir_all(dir).context("cannot make bench/results; run this in the workspace")?;
        let circumstances = self.circumstances()?;

        for (ending, text) in [
            ("md", format!("{circumstances}\n\n{}", self.markdown())),
            ("json", format!("{:#}\n", self.json(&circumstances))),
        ] {
            let path = dir.join(format!("{name}.{ending}"));
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            println!("Written: {}", path.display());
        }
        Ok(())
    }

    fn json(&self, circumstances: &str) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let values = self.columns.iter().zip(&row.values);
                let values: serde_json::Map<_, _> =
                    values.map(|(&name, values)| (name.to_owned(), json!(values))).collect();
                json!({ "scenario": row.case, "what": row.what, "unit": row.unit, "rounds": values })
            })
            .collect();

        json!({ "circumstances": circumstances, "rows": rows, "notes": self.notes })
    }

    fn ours(&self) -> Option<usize> {
        self.columns.iter().position(|name| *name == OURS)
    }

    /// Those that ours is compared with.
    fn others(&self) -> Vec<(usize, &'static str)> {
        let others = self.columns.iter().copied().enumerate();

        others.filter(|(_, name)| self.ours().is_some() && *name != OURS).collect()
    }
}

/// Three digits, or all there are before the point.
fn figure(value: f64) -> String {
    match value {
        value if value >= 100.0 => thousands(value.round() as u64),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }

    text
}

fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));

    name.map_or("unknown".to_owned(), |name| name.trim_matches([' ', '\t', ':']).to_owned())
}

fn says(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();

    output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_digits_that_one_reads() {
        for (value, text) in [
            (1_234_567.8, "1,234,568"),
            (999.6, "1,000"),
            (57.25, "57.2"),
            (1.234, "1.23"),
            (100.0, "100"),
        ] {
            assert_eq!(figure(value), text);
        }
    }
}
