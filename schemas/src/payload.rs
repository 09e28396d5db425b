//! The payloads, by what they are about.

pub(crate) mod answer;
pub(crate) mod command;
pub(crate) mod event;
pub(crate) mod status;
