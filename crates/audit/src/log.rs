//! The file that is written.
//!
//! Records are on the disk when [`Log::append`] returns: it waits once for all that it was handed.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use crate::{Line, Link, Record, files};

/// A line is shorter than that: commands are bounded by the contract.
const LONGEST_LINE: u64 = 256 * 1024;
/// How much of a torn line is kept.
const MAX_TORN: usize = 4_096;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A file that is larger is left, and the next one begun.
    pub file_bytes: u64,
    /// Files that are kept besides the current one, the oldest go first; 0 keeps all.
    pub files: usize,
}

/// A log that can be written.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    limits: Limits,
    tail: Link,
    /// `None`: the last time something went wrong. It is opened anew.
    current: Option<Current>,
}

/// A log, and what was found at its end.
#[derive(Debug)]
pub struct Opened {
    /// The log.
    pub log: Log,
    /// What a power cut had left of the last line.
    pub torn: Option<String>,
    /// The file was damaged: it is kept under this name, and a new chain begins.
    pub damaged: Option<PathBuf>,
}

/// A log cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another program writes it.
    #[error("another program writes {}", .0.display())]
    Taken(PathBuf),
    /// The system does not let us.
    #[error("cannot write {}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

#[derive(Debug)]
struct Current {
    file: File,
    bytes: u64,
    /// The number of its first record.
    first: u64,
}

/// What is at the end of a file.
enum End {
    Empty,
    Line(Box<Line>),
    Damaged,
}

impl Log {
    /// Opens the log, or begins it, and sets right what a power cut has left at its end.
    ///
    /// # Errors
    ///
    /// Another program writes it, or it cannot be written.
    pub fn open(path: &Path, limits: Limits) -> Result<Opened, OpenError> {
        let mut log = Self { path: path.to_owned(), limits, tail: Link::none(), current: None };
        let (torn, damaged) = log.reopen()?;

        Ok(Opened { log, torn, damaged })
    }

    /// Writes records, in order, and waits for the disk. `Err`: some of them, or all, are not there.
    ///
    /// # Errors
    ///
    /// The disk fails or is full. The next call tries again.
    pub fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let written = self.write(records);
        if written.is_err() {
            // What is in the file is not known: it is read again.
            self.current = None;
        }

        written
    }

    /// What was written last.
    pub fn tail(&self) -> &Link {
        &self.tail
    }

    fn write(&mut self, records: &[Record]) -> io::Result<()> {
        if self.current.is_none() {
            self.reopen().map_err(io::Error::other)?;
        }
        let mut pending = String::new();
        let mut tail = self.tail.clone();

        for record in records {
            let (line, link) = tail.forge(record);
            if self.is_full(pending.len(), line.len()) {
                self.flush(&pending, tail.clone())?;
                pending.clear();
                self.turn_over()?;
            }
            pending.push_str(&line);
            tail = link;
        }

        self.flush(&pending, tail)
    }

    /// Whether a line is one too many for this file. An empty one takes everything.
    fn is_full(&self, pending: usize, line: usize) -> bool {
        let bytes = self.current.as_ref().map_or(0, |current| current.bytes) + pending as u64;

        bytes > 0 && bytes + line as u64 > self.limits.file_bytes
    }

    fn flush(&mut self, text: &str, tail: Link) -> io::Result<()> {
        let Some(current) = &mut self.current else { return Err(io::ErrorKind::NotFound.into()) };
        if text.is_empty() {
            return Ok(());
        }

        current.file.write_all(text.as_bytes())?;
        current.file.sync_data()?;
        current.bytes += text.len() as u64;
        self.tail = tail;
        Ok(())
    }

    /// Leaves the current file, and begins the next.
    fn turn_over(&mut self) -> io::Result<()> {
        let Some(current) = self.current.take() else { return Ok(()) };
        fs::rename(&self.path, files::aged(&self.path, current.first))?;
        // Its lock is held until the next one is there.
        let (file, _) = begin(&self.path).map_err(io::Error::other)?;
        self.current = Some(Current { file, bytes: 0, first: self.tail.n + 1 });
        sync_dir(&self.path)?;
        drop(current);

        let older = files::older(&self.path)?;
        let too_many = older.len().saturating_sub(self.limits.files);
        for (_, oldest) in older.into_iter().take(if self.limits.files == 0 { 0 } else { too_many })
        {
            fs::remove_file(oldest)?;
        }
        Ok(())
    }

    fn reopen(&mut self) -> Result<(Option<String>, Option<PathBuf>), OpenError> {
        let path = self.path.clone();
        let failed = |source| OpenError::Io { path: path.clone(), source };
        let (mut file, mut bytes) = begin(&path)?;
        let torn = cut_torn(&mut file, &mut bytes).map_err(failed)?;

        let end = last_line(&mut file, bytes).map_err(failed)?;
        let first = first_number(&mut file).map_err(failed)?;
        let (damaged, first) = match (end, first) {
            (End::Line(line), Some(first)) => {
                self.tail = line.link;
                (None, first)
            }
            (End::Empty, _) => {
                self.tail = last_of_older(&path).map_err(failed)?.unwrap_or_else(Link::none);
                (None, self.tail.n + 1)
            }
            (End::Line(_), None) | (End::Damaged, _) => {
                let kept = files::damaged(&path);
                fs::rename(&path, &kept).map_err(failed)?;
                (file, bytes) = begin(&path)?;
                self.tail = Link::none();
                (Some(kept), 1)
            }
        };
        file.seek(SeekFrom::Start(bytes)).map_err(failed)?;
        sync_dir(&path).map_err(failed)?;

        self.current = Some(Current { file, bytes, first });
        Ok((torn, damaged))
    }
}

/// Opens the file, or makes it, for us alone.
fn begin(path: &Path) -> Result<(File, u64), OpenError> {
    let failed = |source| OpenError::Io { path: path.to_owned(), source };
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        fs::create_dir_all(dir).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(failed)?;

    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::Taken(path.to_owned())),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let bytes = file.metadata().map_err(failed)?.len();

    Ok((file, bytes))
}

/// Cuts off what follows the last end of a line, and says what it was.
fn cut_torn(file: &mut File, bytes: &mut u64) -> io::Result<Option<String>> {
    let end = read_end(file, *bytes)?;
    let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let torn = &end[whole..];
    if torn.is_empty() {
        return Ok(None);
    }

    *bytes -= torn.len() as u64;
    file.set_len(*bytes)?;
    file.sync_data()?;
    Ok(Some(String::from_utf8_lossy(&torn[..torn.len().min(MAX_TORN)]).into_owned()))
}

fn last_line(file: &mut File, bytes: u64) -> io::Result<End> {
    let end = read_end(file, bytes)?;
    let Some(end) = end.strip_suffix(b"\n") else { return Ok(End::Empty) };
    let line = end.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();

    Ok(Line::read(line).map_or(End::Damaged, |line| End::Line(Box::new(line))))
}

/// The end of a file: long enough for two lines.
fn read_end(file: &mut File, bytes: u64) -> io::Result<Vec<u8>> {
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(bytes.saturating_sub(2 * LONGEST_LINE)))?;
    file.take(2 * LONGEST_LINE).read_to_end(&mut end)?;

    Ok(end)
}

fn first_number(file: &mut File) -> io::Result<Option<u64>> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(LONGEST_LINE).read_to_end(&mut start)?;
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();

    Ok(Line::read(line).ok().map(|line| line.link.n))
}

/// What the first record of a new file hangs on.
fn last_of_older(path: &Path) -> io::Result<Option<Link>> {
    let Some((_, newest)) = files::older(path)?.pop() else { return Ok(None) };
    let mut file = File::open(newest)?;
    let bytes = file.metadata()?.len();

    Ok(match last_line(&mut file, bytes)? {
        End::Line(line) => Some(line.link),
        End::Empty | End::Damaged => None,
    })
}

/// A new name is on the disk when its directory is.
fn sync_dir(path: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());

    File::open(dir.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests;
