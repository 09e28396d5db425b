//! Examples: the frozen bytes that the crate `schemas` is tested with.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::Folder;

const GOLDEN: &str = "schemas/tests/golden";

/// The examples of a type: `gate_status.json`, `gate_status-held.json`, …
pub(crate) fn of(folder: &Folder, message_type: &str) -> Result<Vec<Value>> {
    let ours = |name: &String| {
        let about = name.strip_suffix(".json").unwrap_or_default();
        about == message_type || about.starts_with(&format!("{message_type}-"))
    };

    folder
        .names(GOLDEN)?
        .into_iter()
        .filter(ours)
        .map(|name| {
            let text = folder.read(&format!("{GOLDEN}/{name}"))?;
            serde_json::from_str(&text).with_context(|| format!("{name} is not JSON"))
        })
        .collect()
}
