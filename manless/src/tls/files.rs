//! The directory of an authority: what is there is never overwritten.

use std::{
    fmt, fs,
    io::Write,
    path::{self, Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// The directory.
pub(super) struct Files {
    dir: PathBuf,
}

/// A file that is not there yet.
pub(super) struct Free(PathBuf);

impl Files {
    /// Makes the directory, if there is none.
    pub(super) fn create(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;

        Self::open(dir)
    }

    pub(super) fn open(dir: &Path) -> Result<Self> {
        // Not `canonicalize`: what it makes of a path on Windows, nobody wants to read or write.
        let dir = fs::read_dir(dir).and_then(|_| path::absolute(dir)).with_context(|| {
            format!("cannot open {}: `manless tls init` makes an authority", dir.display())
        })?;

        Ok(Self { dir })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(super) fn read(&self, name: &str) -> Result<String> {
        let path = self.path(name);

        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Sees that none of these is there before any of them is written.
    pub(super) fn free<const N: usize>(&self, names: [&str; N]) -> Result<[Free; N]> {
        let paths = names.map(|name| self.path(name));
        if let Some(taken) = paths.iter().find(|path| path.exists()) {
            bail!("{} is there already, and nothing was changed", taken.display());
        }

        Ok(paths.map(Free))
    }
}

impl Free {
    /// Everybody may read it.
    pub(super) fn write_public(&self, text: &str) -> Result<()> {
        self.write(text, 0o644)
    }

    /// Only its owner may read it.
    pub(super) fn write_secret(&self, text: &str) -> Result<()> {
        self.write(text, 0o600)
    }

    fn write(&self, text: &str, mode: u32) -> Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;

        options
            .open(&self.0)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {}", self.0.display()))
    }
}

/// As a string of TOML: what is between the folders of Windows is escaped.
impl fmt::Debug for Free {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Free {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}
