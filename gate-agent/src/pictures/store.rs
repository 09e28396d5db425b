//! The directory of pictures: which there are, which go first.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use bytes::Bytes;
use schemas::Id;
use tracing::{debug, warn};

use crate::config::KeepPictures;

const PICTURE: &str = "jpg";
/// What is being written, and no picture until it is whole.
const UNFINISHED: &str = "tmp";

/// The pictures of one gate.
#[derive(Debug)]
pub(super) struct Store {
    dir: PathBuf,
    keep: KeepPictures,
    /// When each was taken, the oldest first.
    kept: VecDeque<(SystemTime, String)>,
}

impl Store {
    pub(super) fn new(dir: PathBuf, keep: KeepPictures) -> Self {
        Self { dir, keep, kept: VecDeque::new() }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Looks what is there. What a power cut left unfinished is removed.
    pub(super) fn open(&mut self) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if extension == Some(UNFINISHED) {
                fs::remove_file(&path)?;
            } else if extension == Some(PICTURE)
                && let Some(name) = path.file_stem().and_then(|name| name.to_str())
            {
                kept.push((fs::metadata(&path)?.modified()?, name.to_owned()));
            }
        }
        kept.sort();
        self.kept = kept.into();
        self.tidy();
        debug!(pictures = self.kept.len(), "Pictures");

        Ok(())
    }

    /// Writes a picture, whole or not at all, and lets the oldest go.
    pub(super) fn keep(&mut self, image: &Id, jpeg: &[u8]) -> io::Result<()> {
        if self.keep.count == 0 {
            return Ok(());
        }
        let unfinished = self.path(image, UNFINISHED);
        let written = write(&unfinished, jpeg)
            .and_then(|()| fs::rename(&unfinished, self.path(image, PICTURE)));
        if let Err(error) = written {
            // Room for whoever needs it more; if it cannot be removed now, the next start does it.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }

        self.kept.push_back((SystemTime::now(), image.to_string()));
        self.tidy();
        Ok(())
    }

    /// A picture that is kept.
    pub(super) fn find(&self, image: &Id) -> Option<Bytes> {
        // A name that is not in the list may be any path.
        let is_kept = self.kept.iter().any(|(_, name)| name == image.as_str());

        is_kept.then(|| fs::read(self.path(image, PICTURE)).ok())?.map(Bytes::from)
    }

    /// Removes what is too old or too much.
    pub(super) fn tidy(&mut self) {
        let oldest = SystemTime::now().checked_sub(self.keep.age);

        while let Some((taken, name)) = self.kept.front() {
            let is_old = oldest.is_some_and(|oldest| *taken < oldest);
            if !is_old && self.kept.len() <= self.keep.count {
                return;
            }
            let path = self.dir.join(name).with_extension(PICTURE);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return warn!(path = %path.display(), %error, "Cannot remove an old picture");
                }
                Ok(()) | Err(_) => self.kept.pop_front(),
            };
        }
    }

    fn path(&self, image: &Id, extension: &str) -> PathBuf {
        self.dir.join(image.as_str()).with_extension(extension)
    }
}

/// On the disk when this returns.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = match File::create(path) {
        // Somebody has tidied up.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            File::create(path)?
        }
        other => other?,
    };

    file.write_all(bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const KEEP: KeepPictures = KeepPictures { count: 3, age: Duration::from_secs(3600) };

    #[test]
    fn the_newest_are_kept_and_found_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = opened(dir.path());
        for n in 0..5 {
            store.keep(&id(n), format!("picture {n}").as_bytes()).unwrap();
        }

        for mut store in [store, opened(dir.path())] {
            let found: Vec<bool> = (0..5).map(|n| store.find(&id(n)).is_some()).collect();
            assert_eq!(found, [false, false, true, true, true]);
            assert_eq!(store.find(&id(4)).unwrap(), "picture 4");
            store.tidy();
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
    }

    #[test]
    fn old_pictures_go() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = opened(dir.path());
        for n in 0..2 {
            store.keep(&id(n), b"x").unwrap();
        }
        let long_ago = SystemTime::now() - Duration::from_secs(7200);
        let file = File::options().write(true).open(dir.path().join("image-0.jpg")).unwrap();
        file.set_modified(long_ago).unwrap();

        let store = opened(dir.path());

        assert_eq!(store.find(&id(0)), None);
        assert!(store.find(&id(1)).is_some());
        assert!(!dir.path().join("image-0.jpg").exists());
    }

    #[test]
    fn what_a_power_cut_left_is_no_picture() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("image-7.tmp"), b"half a pic").unwrap();
        fs::write(dir.path().join("README"), b"not ours").unwrap();

        let store = opened(dir.path());

        assert_eq!(store.find(&id(7)), None);
        assert!(!dir.path().join("image-7.tmp").exists());
        assert!(dir.path().join("README").exists());
    }

    #[test]
    fn a_name_is_never_a_path() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("secret.jpg"), b"x").unwrap();
        fs::create_dir(dir.path().join("gate_in")).unwrap();
        let store = opened(&dir.path().join("gate_in"));

        for name in ["../secret", "..", "/etc/passwd"] {
            assert_eq!(store.find(&name.parse().unwrap()), None);
        }
    }

    #[test]
    fn a_disk_that_fails_is_an_error_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = opened(&dir.path().join("gate_in"));
        store.keep(&id(1), b"x").unwrap();
        fs::remove_dir_all(dir.path().join("gate_in")).unwrap();
        fs::write(dir.path().join("gate_in"), b"in the way").unwrap();

        assert!(store.keep(&id(2), b"x").is_err());
        assert_eq!(store.find(&id(1)), None);
        fs::remove_file(dir.path().join("gate_in")).unwrap();
        store.keep(&id(3), b"x").unwrap();
        assert!(store.find(&id(3)).is_some());
    }

    fn opened(dir: &Path) -> Store {
        let mut store = Store::new(dir.to_owned(), KEEP);
        store.open().unwrap();

        store
    }

    fn id(n: u32) -> Id {
        format!("image-{n}").parse().unwrap()
    }
}
