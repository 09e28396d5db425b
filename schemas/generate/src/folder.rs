//! Where the files of the published contract are.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::File;

/// The project's folder.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The one that this program was built in.
    pub fn of_the_project() -> Self {
        Self(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> Result<String> {
        let path = self.0.join(path);

        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// The names of the files in a folder, in alphabetical order.
    pub fn names(&self, path: &str) -> Result<Vec<String>> {
        let path = self.0.join(path);
        let entries = fs::read_dir(&path)
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .with_context(|| format!("cannot list {}", path.display()))?;
        let mut names: Vec<_> =
            entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();

        Ok(names)
    }

    /// Writes the files.
    pub fn write(&self, files: &[File]) -> Result<()> {
        for (path, text) in files {
            let path = self.0.join(path);
            let parent = path.parent().context("a file is in a folder")?;
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&path, text))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }

        Ok(())
    }

    /// Fails if a file is not what would be written.
    pub fn compare(&self, files: &[File]) -> Result<()> {
        for (path, text) in files {
            let there = fs::read_to_string(self.0.join(path)).unwrap_or_default();
            if there != *text {
                bail!("{} is not what the types say: run `make contract`", path.display());
            }
        }

        Ok(())
    }
}
