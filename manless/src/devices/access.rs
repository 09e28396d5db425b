//! Whether this user may use a device, and who else does.

use std::{fmt, path::Path};

/// What stands in the way of using a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Programs that have it open, with their process ids.
    InUse(Vec<String>),
    /// This user may not open it; the group that may.
    #[cfg_attr(not(unix), expect(dead_code, reason = "rights of files are those of Unix"))]
    NotAllowed(Option<String>),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(programs) => write!(f, "in use by {}", programs.join(", ")),
            Self::NotAllowed(Some(group)) => write!(
                f,
                "this user may not open it: `sudo usermod -aG {group} $USER`, then log in again"
            ),
            Self::NotAllowed(None) => f.write_str(
                "this user may not open it: see `ls -l`, and a rule of udev gives it a group",
            ),
        }
    }
}

/// All that is known to stand in the way.
pub(crate) fn trouble(node: &Path) -> Vec<Trouble> {
    let holders = holders(node);
    let in_use = (!holders.is_empty()).then_some(Trouble::InUse(holders));

    in_use.into_iter().chain(forbidden(node)).collect()
}

/// The programs that have a device open: all of them for root, those of the same user for others.
#[cfg(target_os = "linux")]
pub(crate) fn holders(node: &Path) -> Vec<String> {
    let (Ok(node), Ok(processes)) = (node.canonicalize(), Path::new("/proc").read_dir()) else {
        return Vec::new();
    };

    processes
        .filter_map(|process| {
            let process = process.ok()?;
            let id: u32 = process.file_name().to_str()?.parse().ok()?;
            let is_other = id != std::process::id();
            (is_other && has_open(&process.path(), &node)).then(|| {
                let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
                format!("{} ({id})", name.trim())
            })
        })
        .collect()
}

#[cfg(target_os = "linux")]
fn has_open(process: &Path, node: &Path) -> bool {
    let Ok(files) = process.join("fd").read_dir() else { return false };

    files.flatten().any(|file| file.path().read_link().is_ok_and(|target| target == node))
}

/// Nobody tells, on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn holders(_node: &Path) -> Vec<String> {
    Vec::new()
}

#[cfg(unix)]
fn forbidden(node: &Path) -> Option<Trouble> {
    use rustix::fs::{Access, access};
    use std::os::unix::fs::MetadataExt;

    if access(node, Access::READ_OK | Access::WRITE_OK).is_ok() {
        return None;
    }
    // One that is gone meanwhile is not forbidden.
    let group = node.metadata().ok()?.gid();

    Some(Trouble::NotAllowed(group_name(group)))
}

#[cfg(not(unix))]
fn forbidden(_node: &Path) -> Option<Trouble> {
    None
}

/// The name of a group other than root's, to which nobody should be added.
#[cfg(unix)]
fn group_name(id: u32) -> Option<String> {
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    let name = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    });

    name.filter(|_| id != 0)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_others_have_open_says_who() {
        // Standard input of a child; this process itself does not count.
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .stdout(std::fs::File::options().write(true).open("/dev/full").unwrap())
            .spawn()
            .unwrap();
        let name = format!("({})", child.id());

        let holders = holders(Path::new("/dev/full"));
        let _ = child.kill();
        let _ = child.wait();

        assert!(holders.iter().any(|holder| holder.ends_with(&name)), "{holders:?}");
        assert_eq!(super::holders(Path::new("/dev/no-such-device")), [""; 0]);
    }

    #[test]
    fn the_group_of_serial_ports_has_a_name() {
        assert_eq!(group_name(0), None, "nobody is to be added to root's group");
        assert_eq!(group_name(u32::MAX), None);
    }
}
