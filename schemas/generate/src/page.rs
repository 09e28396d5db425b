//! The contract as a page, which the gateway serves at `/docs`: nothing but HTML.

mod fields;
mod html;

use std::fmt::Write as _;

use schemas::{Durability, Kind, MessageType, Qos, Retention};
use serde_json::Value;

use crate::{Direction, File, Message};
use fields::fields;
use html::{code, prose, text};

const FILE: &str = "ws-gateway/page/docs/index.html";

/// The chapters, in the order in which one meets them.
const CHAPTERS: [(&str, &str); 6] = [
    (
        "States",
        "What is the case. The latest one counts, and the broker keeps it: whoever subscribes is told at once.",
    ),
    ("Events", "What happened. Each one counts, and none is retained: nothing old looks new."),
    ("Answers", "What became of a command. They are recognised by its `command_id`."),
    ("Commands", "What somebody wants done. Never retained, never queued, and gone after 10 s."),
    (
        "Asked of the gateway",
        "What a WebSocket client may ask the gateway itself. No gate hears of it.",
    ),
    (
        "Said by the gateway",
        "What a WebSocket client is told besides. None of it is published over MQTT.",
    ),
];

/// The page.
pub(crate) fn file(messages: &[Message]) -> File {
    (FILE.into(), page(messages))
}

fn page(messages: &[Message]) -> String {
    let mut contents = String::new();
    let mut chapters = String::new();
    for (title, about) in CHAPTERS {
        let members: Vec<&Message> =
            messages.iter().filter(|message| chapter(message) == title).collect();
        let links: String = members.iter().map(|message| link(message)).collect();
        let sections: String = members.iter().map(|message| section(message)).collect();
        let _ = write!(contents, "<h2>{title}</h2>\n<ul>\n{links}</ul>\n");
        let _ = write!(
            chapters,
            "<h2 class=\"chapter\">{title}</h2>\n<p>{}</p>\n{sections}",
            prose(about)
        );
    }

    TEMPLATE
        .replace("{{contract}}", schemas::CONTRACT)
        .replace("{{contents}}", &contents)
        .replace("{{chapters}}", &chapters)
}

fn chapter(message: &Message) -> &'static str {
    match message.message_type.map(MessageType::kind) {
        Some(Kind::State) => "States",
        Some(Kind::Event) => "Events",
        Some(Kind::Answer) => "Answers",
        Some(Kind::Command) => "Commands",
        Some(Kind::Picture) | None if message.direction == Direction::Question => {
            "Asked of the gateway"
        }
        Some(Kind::Picture) | None => "Said by the gateway",
    }
}

fn link(message: &Message) -> String {
    format!("<li><a href=\"#{0}\">{0}</a></li>\n", text(&message.name))
}

fn section(message: &Message) -> String {
    let facts: String = facts(message)
        .into_iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>\n"))
        .collect();
    let examples: String = message.examples.iter().map(example).collect();

    format!(
        "<section id=\"{name}\">\n<h3>{name}</h3>\n<p>{about}</p>\n<dl class=\"facts\">\n{facts}</dl>\n\
         {fields}<h4>Example</h4>\n{examples}</section>\n",
        name = text(&message.name),
        about = prose(&message.description),
        fields = fields(message),
    )
}

/// Where it is said, and how it travels.
fn facts(message: &Message) -> Vec<(&'static str, String)> {
    let Some(kind) = message.message_type else {
        return vec![("WebSocket", channels(message.direction))];
    };
    let delivery = kind.delivery();
    let qos = match delivery.qos {
        Qos::AtMostOnce => "0: at most once",
        Qos::AtLeastOnce => "1: at least once",
    };
    let retained = match (kind.is_command(), delivery.retention) {
        (true, _) => "never: a retained command is refused",
        (false, Retention::Retained) => "yes",
        (false, Retention::Transient) => "no",
    };
    let mut facts = vec![
        ("Topic", code(&format!("parking/{{gate_id}}/{kind}"))),
        ("WebSocket", channels(message.direction)),
        ("QoS", qos.to_owned()),
        ("Retained", retained.to_owned()),
    ];
    if delivery.durability == Durability::Journaled {
        facts.push(("Journaled", "yes: with <code>journal</code> and <code>seq</code>".to_owned()));
    }
    if kind.is_command() {
        facts.push(("Short forms over MQTT", short_forms(message)));
    }

    facts
}

fn channels(direction: Direction) -> String {
    match direction {
        Direction::Report => "to clients on <code>/ws/{gate_id}</code>, <code>/ws/gate_all</code>, <code>/ws/admin</code>",
        Direction::Command => "from clients on any channel; shown on <code>/ws/admin</code>",
        Direction::Session => "to clients",
        Direction::Question => "from clients on any channel; shown to nobody",
    }
    .to_owned()
}

fn short_forms(message: &Message) -> String {
    let example = message.examples.first().map(|example| &example["payload"]);

    match example.and_then(|payload| payload["action"].as_str()) {
        Some(word) => format!("the payload alone, or just the word: {}", code(word)),
        None => "the payload alone".to_owned(),
    }
}

fn example(example: &Value) -> String {
    let lines = serde_json::to_string_pretty(example).unwrap_or_default();

    format!("<pre><code>{}</code></pre>\n", text(&lines))
}

/// What is the same whatever the messages are.
const TEMPLATE: &str = include_str!("page/template.html");
