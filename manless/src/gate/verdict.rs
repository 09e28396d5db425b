//! What came out of each step.

use std::fmt;

/// What came out of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed(String),
    Failed(String),
    Skipped(String),
}

/// All steps, in their order.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(Vec<(&'static str, Verdict)>);

impl Verdicts {
    pub(crate) fn add(&mut self, step: &'static str, verdict: Verdict) {
        self.0.push((step, verdict));
    }

    pub(crate) fn failed(&self) -> usize {
        self.0.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Failed(_))).count()
    }

    fn skipped(&self) -> usize {
        self.0.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Skipped(_))).count()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed(detail) => write!(f, "ok       {detail}"),
            Self::Failed(detail) => write!(f, "FAILED   {detail}"),
            Self::Skipped(detail) => write!(f, "skipped  {detail}"),
        }
    }
}

impl fmt::Display for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (step, verdict) in &self.0 {
            writeln!(f, "  {step:<12} {verdict}")?;
        }

        match (self.failed(), self.skipped()) {
            (0, 0) => writeln!(f, "\nEverything passed."),
            (0, skipped) => {
                writeln!(f, "\nNothing failed; {skipped} of {} not tested.", self.0.len())
            }
            (failed, _) => writeln!(f, "\n{failed} of {} FAILED.", self.0.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_tested_has_not_passed() {
        let mut verdicts = Verdicts::default();
        verdicts.add("boom up", Verdict::Passed("2.1 s".to_owned()));
        assert!(verdicts.to_string().ends_with("Everything passed.\n"));

        verdicts.add("boom down", Verdict::Skipped("you said no".to_owned()));
        assert!(verdicts.to_string().ends_with("Nothing failed; 1 of 2 not tested.\n"));

        verdicts.add("card reader", Verdict::Failed("no card came".to_owned()));
        assert!(verdicts.to_string().ends_with("1 of 3 FAILED.\n"), "{verdicts}");
        assert_eq!(verdicts.failed(), 1);
    }
}
