//! A record in one line.

use audit::{Line, Record, What};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::monitor::plain;

/// For a person: when, at which gate, what, who, and what became of it.
pub(crate) fn text(line: &Line) -> String {
    let record = &line.record;
    let gate = record.gate.as_deref().unwrap_or("-");
    let action = record.action.as_deref().unwrap_or("-");

    let words = [outcome(record), details(record)].into_iter().filter(|words| !words.is_empty());
    let rest: Vec<String> = words.collect();
    plain(&format!(
        "{}  {gate:<10} {action:<16} {:<28} {}",
        local(record.time),
        who(record),
        rest.join("  ")
    ))
}

/// For a program: the record with its number.
pub(crate) fn json(line: &Line) -> String {
    let mut record = json!({ "n": line.link.n });
    if let (Value::Object(fields), Ok(Value::Object(more))) =
        (&mut record, serde_json::to_value(&line.record))
    {
        fields.extend(more);
    }

    record.to_string()
}

fn local(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// `anna@10.0.0.7 #12`; in brackets, where it is by its own words.
fn who(record: &Record) -> String {
    let name = match (&record.user, &record.requested_by) {
        (Some(user), _) => user.clone(),
        (None, Some(claimed)) => format!("({claimed})"),
        (None, None) => record.via.and_then(|via| word(&via)).unwrap_or_else(|| "-".to_owned()),
    };
    let address = record.address.map(|address| format!("@{address}")).unwrap_or_default();
    let session = record.session.map(|session| format!(" #{session}")).unwrap_or_default();

    format!("{name}{address}{session}")
}

fn outcome(record: &Record) -> String {
    let status = record.status.as_deref().unwrap_or("-");

    match record.what {
        What::Command => "wanted".to_owned(),
        What::Answer => status.to_owned(),
        What::Refusal => format!("{status} by the gateway"),
        What::Started => format!("the gateway {} started", record.gateway),
        What::Stopped => format!("the gateway {} stopped", record.gateway),
        What::Login => "logged in".to_owned(),
        What::LoginFailed => "login failed".to_owned(),
        What::Logout => "logged out".to_owned(),
        What::Unknown => "something that this version does not know".to_owned(),
    }
}

fn details(record: &Record) -> String {
    let code = record.code.clone();
    let reason = record
        .reason
        .as_ref()
        .filter(|reason| !reason.is_empty())
        .map(|reason| format!("{reason:?}"));
    let elapsed = record.elapsed_ms.map(|elapsed| format!("after {elapsed} ms"));
    let lost = record.lost.map(|lost| format!("({lost} records before it are missing)"));
    let torn = record.torn.as_ref().map(|_| "(a power cut tore the record before it)".to_owned());

    [code, reason, elapsed, lost, torn].into_iter().flatten().collect::<Vec<_>>().join("  ")
}

fn word(value: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use audit::{Link, Via};

    use super::*;

    #[test]
    fn a_command_says_who_wanted_it_and_its_answer_what_became_of_it() {
        let command = Record {
            gate: Some("gate_in".to_owned()),
            action: Some("open".to_owned()),
            user: Some("anna".to_owned()),
            address: Some([10, 0, 0, 7].into()),
            session: Some(12),
            reason: Some("lost his card".to_owned()),
            ..blank(What::Command)
        };
        let answer = Record {
            status: Some("failed".to_owned()),
            code: Some("movement_timeout".to_owned()),
            elapsed_ms: Some(9_000),
            reason: None,
            ..Record { what: What::Answer, ..command.clone() }
        };

        assert!(line(command).ends_with(
            r#"gate_in    open             anna@10.0.0.7 #12            wanted  "lost his card""#
        ));
        assert!(line(answer).ends_with("failed  movement_timeout  after 9000 ms"));
    }

    #[test]
    fn who_says_himself_who_he_is_stands_in_brackets() {
        let record = Record {
            via: Some(Via::Mqtt),
            requested_by: Some("boss\u{1b}[31m".to_owned()),
            ..blank(What::Command)
        };

        let line = line(record);

        assert!(line.contains("(boss"), "{line}");
        assert!(!line.chars().any(char::is_control));
    }

    #[test]
    fn for_programs_it_is_the_record_with_its_number() {
        let line = Line {
            link: Link { n: 7, hash: String::new() },
            prev: String::new(),
            record: blank(What::Started),
        };

        assert_eq!(
            json(&line),
            r#"{"n":7,"time":"2026-03-01T12:00:00Z","what":"started","gateway":"bridge"}"#
        );
    }

    fn line(record: Record) -> String {
        text(&Line { link: Link::none(), prev: String::new(), record })
    }

    fn blank(what: What) -> Record {
        Record::new("2026-03-01T12:00:00Z".parse().unwrap(), what, "bridge")
    }
}
