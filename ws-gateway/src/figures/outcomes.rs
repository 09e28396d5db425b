//! What became of commands.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use schemas::{AnswerCode, AnswerStatus, CameraAction, GateAction};
use serde::{Serialize, de::DeserializeOwned};
use service::prometheus::{Kind, family, sample};

/// What stands for the actions of whoever invents some: there may be any number of them.
const OTHER: &str = "other";

/// How often each action had each outcome.
#[derive(Debug, Default)]
pub(crate) struct Outcomes(Mutex<BTreeMap<Outcome, u64>>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    action: String,
    status: String,
    code: String,
    by: &'static str,
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Gate,
    Gateway,
}

impl Outcomes {
    /// One more, where it is the last answer.
    pub(crate) fn count(
        &self,
        action: &str,
        status: AnswerStatus,
        code: Option<AnswerCode>,
        by: By,
    ) {
        if !status.is_final() {
            return;
        }
        let outcome = Outcome {
            action: if is_known(action) { action.to_owned() } else { OTHER.to_owned() },
            status: word(&status),
            code: code.map(|code| word(&code)).unwrap_or_default(),
            by: by.as_str(),
        };

        *self.counts().entry(outcome).or_default() += 1;
    }

    pub(super) fn write(&self, text: &mut String, name: &str, help: &str) {
        family(text, name, help, Kind::Counter);

        for (Outcome { action, status, code, by }, count) in &*self.counts() {
            let labels = [("action", &**action), ("status", status), ("code", code), ("by", by)];
            sample(text, name, &labels, count);
        }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<Outcome, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl By {
    fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Gateway => "gateway",
        }
    }
}

fn is_known(action: &str) -> bool {
    is::<GateAction>(action)
        || is::<CameraAction>(action)
        || ["request_status", "request_events"].contains(&action)
}

fn is<T: DeserializeOwned>(word: &str) -> bool {
    serde_json::from_value::<T>(word.into()).is_ok()
}

fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_answers_are_counted_and_nobody_makes_labels_of_his_own() {
        let outcomes = Outcomes::default();
        outcomes.count("open", AnswerStatus::Accepted, None, By::Gate);
        outcomes.count("open", AnswerStatus::Succeeded, None, By::Gate);
        outcomes.count("open", AnswerStatus::Succeeded, None, By::Gate);
        outcomes.count("open", AnswerStatus::Failed, Some(AnswerCode::Timeout), By::Gateway);
        for n in 0..9 {
            outcomes.count(&format!("x{n}"), AnswerStatus::Rejected, None, By::Gate);
        }

        let mut text = String::new();
        outcomes.write(&mut text, "x", "Outcomes");

        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                r#"x{action="open",status="failed",code="timeout",by="gateway"} 1"#,
                r#"x{action="open",status="succeeded",code="",by="gate"} 2"#,
                r#"x{action="other",status="rejected",code="",by="gate"} 9"#,
            ]
        );
    }
}
