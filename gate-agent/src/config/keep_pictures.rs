//! `gates.*.keep_pictures`: which pictures are kept on disk.

use std::{ops::RangeInclusive, time::Duration};

use serde::Deserialize;
use service::config::ConfigError;

use super::{KEEP_EVENTS, within};

const COUNT: RangeInclusive<usize> = 0..=1_000_000;

/// Which pictures are kept on disk: both limits hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeepPictures {
    /// The newest so many. 0: none.
    pub count: usize,
    /// None that is older.
    #[serde(with = "humantime_serde")]
    pub age: Duration,
}

impl Default for KeepPictures {
    fn default() -> Self {
        Self { count: 1000, age: Duration::from_secs(30 * 24 * 3600) }
    }
}

impl KeepPictures {
    pub(super) fn validate(&self, key: &str) -> Result<(), ConfigError> {
        within(format!("{key}.count"), &self.count, COUNT)?;
        within(format!("{key}.age"), &self.age, KEEP_EVENTS)
    }
}
