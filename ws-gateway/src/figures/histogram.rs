//! How often something took how long.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use service::prometheus::{Kind, family, sample};

/// The upper bounds, in microseconds. What is longer counts as well, beyond all of them.
const BOUNDS: [u64; 14] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
    5_000_000,
];

/// A number of durations.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    counts: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

impl Histogram {
    /// One more.
    pub(crate) fn add(&self, duration: Duration) {
        let took = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.partition_point(|bound| *bound < took);

        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.microseconds.fetch_add(took, Ordering::Relaxed);
    }

    pub(super) fn write(&self, text: &mut String, name: &str, help: &str) {
        let mut so_far = 0;
        family(text, name, help, Kind::Histogram);

        let bounds = BOUNDS.iter().map(|bound| seconds(*bound).to_string());
        for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(&self.counts) {
            so_far += count.load(Ordering::Relaxed);
            sample(text, &format!("{name}_bucket"), &[("le", &bound)], so_far);
        }
        let sum = seconds(self.microseconds.load(Ordering::Relaxed));
        sample(text, &format!("{name}_sum"), &[], sum);
        sample(text, &format!("{name}_count"), &[], so_far);
    }
}

fn seconds(microseconds: u64) -> f64 {
    Duration::from_micros(microseconds).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_counts_all_that_took_no_longer() {
        let histogram = Histogram::default();
        for took in [50, 51, 7_000, 9_000_000] {
            histogram.add(Duration::from_micros(took));
        }

        let mut text = String::new();
        histogram.write(&mut text, "x_seconds", "How long");

        let is = |line: &str| assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        is("# TYPE x_seconds histogram");
        is("x_seconds_bucket{le=\"0.00005\"} 1");
        is("x_seconds_bucket{le=\"0.0001\"} 2");
        is("x_seconds_bucket{le=\"0.005\"} 2");
        is("x_seconds_bucket{le=\"0.01\"} 3");
        is("x_seconds_bucket{le=\"5\"} 3");
        is("x_seconds_bucket{le=\"+Inf\"} 4");
        is("x_seconds_sum 9.007101");
        is("x_seconds_count 4");
    }
}
