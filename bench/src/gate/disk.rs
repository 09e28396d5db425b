//! What the disk takes for the least that a journal asks of it.

use std::{fs::File, io::Write, path::Path, time::Instant};

use anyhow::Context;

use super::micros;

/// A page of 4 KiB is appended, and synced.
pub(super) fn sync(dir: &Path, count: usize) -> anyhow::Result<Vec<f64>> {
    let mut file = File::create(dir.join("pages")).context("cannot make a file")?;
    let mut times = Vec::with_capacity(count);

    for _ in 0..count {
        let began = Instant::now();
        file.write_all(&[0x5a; 4096]).context("cannot write")?;
        file.sync_data().context("cannot sync")?;
        times.push(micros(began.elapsed()));
    }
    Ok(times)
}
