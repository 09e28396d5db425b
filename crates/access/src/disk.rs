//! Files that are replaced as a whole, one change at a time.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
};

/// Opens a file for changes, or `head` where there is none: where it is, who else may not change it
/// meanwhile, and what it says.
pub(crate) fn open(path: &Path, head: &str) -> (PathBuf, Option<File>, io::Result<String>) {
    // Where the file is a link, what it leads to is written.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let lock = lock(&path);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(head.to_owned()),
        read => read,
    };

    (path, lock, text)
}

/// Replaces a file: all of it or, whatever happens, nothing.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = directory(path);
    fs::create_dir_all(directory)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let draft = directory.join(format!(".{name}.{}", process::id()));

    let written = write(&draft, path, bytes).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // What is left over is in the way of nobody.
        let _ = fs::remove_file(&draft);
        return written;
    }
    sync_directory(directory)
}

fn write(draft: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;

    keep_owner(&file, path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// An administrator who changes the file must not take it away from the service that reads it.
#[cfg(unix)]
fn keep_owner(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let ours = file.metadata()?;
    let (theirs, mode) = match fs::metadata(path) {
        Ok(metadata) => (metadata.clone(), metadata.mode() & 0o640 | 0o600),
        Err(_) => (fs::metadata(directory(path))?, 0o600),
    };
    if (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid()) {
        fchown(file, Some(theirs.uid()), Some(theirs.gid()))?;
    }

    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Two who change the file at once wait for each other. Where there is no directory yet, or it
/// cannot be locked, the last one wins.
fn lock(path: &Path) -> Option<File> {
    let directory = File::open(directory(path)).ok()?;
    directory.lock().ok()?;

    Some(directory)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Says so where everybody on this machine can read hashes: who can, may guess at them.
#[cfg(unix)]
pub(crate) fn warn_of_readers(path: &Path) {
    use std::os::unix::fs::MetadataExt;

    use tracing::warn;

    if let Ok(metadata) = fs::metadata(path)
        && metadata.mode() & 0o004 != 0
    {
        warn!(
            file = %path.display(),
            "Everybody on this machine can read the password hashes: chmod o-rwx would end that"
        );
    }
}

#[cfg(not(unix))]
pub(crate) fn warn_of_readers(_: &Path) {}
