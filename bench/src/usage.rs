//! What a process has used, by `/proc`.

use std::{fs, time::Duration};

use anyhow::Context;

/// What a process has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and system, of all its threads; in steps of 10 ms.
    pub(crate) cpu: Duration,
    /// Resident, in KiB.
    pub(crate) resident: u64,
    /// The most that was ever resident, in KiB.
    pub(crate) peak: u64,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let read = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
        };
        let status = read("status")?;

        Ok(Self {
            cpu: cpu(&read("stat")?).context("cannot understand /proc/…/stat")?,
            resident: kib(&status, "VmRSS:").context("no VmRSS in /proc/…/status")?,
            peak: kib(&status, "VmHWM:").context("no VmHWM in /proc/…/status")?,
        })
    }
}

/// User and system of all threads that a process has, to the nanosecond. Those that have ended are
/// not in it: it is for what does not come and go with its threads.
pub(crate) fn cpu_of_threads(pid: u32) -> anyhow::Result<Duration> {
    let tasks = format!("/proc/{pid}/task");
    let mut sum = Duration::ZERO;
    for task in fs::read_dir(&tasks).with_context(|| format!("cannot read {tasks}"))? {
        let path = task.with_context(|| format!("cannot read {tasks}"))?.path().join("schedstat");
        // A thread that has ended in between is one that has ended.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        sum += on_cpu(&text).with_context(|| format!("cannot understand {}", path.display()))?;
    }

    Ok(sum)
}

/// The first of three numbers.
fn on_cpu(schedstat: &str) -> Option<Duration> {
    schedstat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// Fields 14 and 15, counted from behind the name, which may hold anything.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks: Vec<u64> =
        rest.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [user, system] = ticks[..] else { return None };

    // USER_HZ is 100 on everything that Linux runs on here.
    Some(Duration::from_millis((user + system) * 10))
}

fn kib(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;

    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_kernel_writes() {
        let stat = "7 (a) b c) S 1 7 7 0 -1 4194560 90 0 0 0 12 34 0 0 20 0 3 0 5 6 7";

        assert_eq!(cpu(stat), Some(Duration::from_millis(460)));
        assert_eq!(on_cpu("1500 7 3\n"), Some(Duration::from_nanos(1_500)));
        assert_eq!(kib("Name:\tx\nVmHWM:\t    9 kB\nVmRSS:\t    8 kB\n", "VmRSS:"), Some(8));
    }

    #[test]
    fn knows_this_process() {
        let usage = Usage::of(std::process::id()).unwrap();

        assert!(usage.resident > 0 && usage.peak >= usage.resident);
        // What runs at this moment need not have been counted yet.
        assert!(cpu_of_threads(std::process::id()).is_ok());
    }
}
