//! One AsyncAPI document: servers, channels, operations, messages.
//!
//! It is written from the side of the site: what the site *sends* is what a client is told, what it
//! *receives* is what a client may send.

mod channels;
mod components;
mod mqtt;
mod servers;
mod websocket;

use anyhow::Result;
use serde_json::{Value, json};

use crate::{File, Message};

const FILE: &str = "schemas/asyncapi.yaml";
const HEAD: &str = "# Made by `make contract` from the types of the crate `schemas`: change those, not this file.\n";

const DESCRIPTION: &str = "\
The gates of an unattended car park: what happens at each is published over MQTT and told to WebSocket clients, in \
the same bytes; commands come in over both. docs/contract.md is the same for people, with what becomes of a command.

The document is written from the side of the site: what it sends is what a client is told, what it receives is what \
a client may send. The first level of the topics, `parking`, is configurable.

Additive only: a published message gains optional fields and never loses or re-types one. Readers ignore fields and \
types of message that they do not know, and take words that they do not know for unknown.";

/// The document.
pub(crate) fn file(messages: &[Message]) -> Result<File> {
    let document = document(messages);

    Ok((FILE.into(), HEAD.to_owned() + &serde_saphyr::to_string(&document)?))
}

fn document(messages: &[Message]) -> Value {
    let channels = channels::all(messages);

    json!({
        "asyncapi": "3.0.0",
        "id": "urn:manless:contract:1",
        "info": {
            "title": "Manless",
            "version": schemas::CONTRACT,
            "description": DESCRIPTION,
            "license": { "name": "MIT" },
        },
        "defaultContentType": "application/json",
        "servers": servers::all(),
        "channels": channels::described(&channels),
        "operations": channels::operations(&channels),
        "components": components::all(messages),
    })
}

/// A reference within the document.
fn reference(path: &str) -> Value {
    json!({ "$ref": format!("#/{path}") })
}
