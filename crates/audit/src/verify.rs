//! Whether a log is as it was written.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use crate::{Broken, Line, Link};

/// What was found in files that hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many records there are.
    pub records: u64,
    /// The number of the first one; those before it are not in these files.
    pub first: Option<u64>,
    /// The last one: whoever has noted its hash sees later whether it is still there.
    pub last: Option<Link>,
    /// Bytes after the last record: one that is being written, or what a power cut has left of one.
    pub torn: usize,
    /// How many records say of themselves that others before them could not be written.
    pub lost: u64,
}

/// The files do not hold.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// One cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The chain is broken: this is the first place.
    #[error("the chain is broken at {}, line {line}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line in it, from 1.
        line: u64,
        /// What is wrong there.
        source: Broken,
    },
}

/// Reads the files of one log, the oldest first, and hands over each record in turn.
///
/// # Errors
///
/// A file cannot be read, or the chain is broken.
pub fn verify(files: &[PathBuf], mut each: impl FnMut(&Line)) -> Result<Verdict, Fault> {
    let mut verdict = Verdict { records: 0, first: None, last: None, torn: 0, lost: 0 };

    for (place, path) in files.iter().enumerate() {
        let is_last = place + 1 == files.len();
        verify_one(path, is_last, &mut verdict, &mut each)?;
    }

    Ok(verdict)
}

fn verify_one(
    path: &Path,
    is_last: bool,
    verdict: &mut Verdict,
    each: &mut impl FnMut(&Line),
) -> Result<(), Fault> {
    let unreadable = |source| Fault::Read { path: path.to_owned(), source };
    let broken = |line, source| Fault::Broken { path: path.to_owned(), line, source };
    let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut bytes = Vec::new();

    for number in 1.. {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).map_err(unreadable)? == 0 {
            break;
        }
        if bytes.pop_if(|byte| *byte == b'\n').is_none() {
            if !is_last {
                return Err(broken(number, Broken::NotARecord));
            }
            verdict.torn = bytes.len();
            break;
        }
        let line = Line::read(&bytes).map_err(|source| broken(number, source))?;
        verdict.take(&line).map_err(|source| broken(number, source))?;
        each(&line);
    }

    Ok(())
}

impl Verdict {
    fn take(&mut self, line: &Line) -> Result<(), Broken> {
        match &self.last {
            Some(last) => line.follows(last)?,
            // Older files may have been removed. The very first record hangs on nothing.
            None if line.link.n == 1 => line.follows(&Link::none())?,
            None => {}
        }

        self.first.get_or_insert(line.link.n);
        self.last = Some(line.link.clone());
        self.records += 1;
        self.lost += line.record.lost.unwrap_or(0);
        Ok(())
    }
}
