//! A pipe that nobody reads: a terminal where somebody pressed Ctrl-S, a collector that hangs.

use std::io::{PipeReader, PipeWriter, pipe};

use rustix::{io::ioctl_fionread, pipe::fcntl_setpipe_size};

/// As small as there are: a page.
const SIZE: usize = 4096;
/// What does not fit any more is at most a line.
const LINE: u64 = 2048;

/// A pipe, both ends of it.
#[derive(Debug)]
pub struct UnreadPipe {
    reader: PipeReader,
    writer: PipeWriter,
}

impl UnreadPipe {
    #[track_caller]
    pub(crate) fn new() -> Self {
        let (reader, writer) = pipe().expect("a pipe");
        fcntl_setpipe_size(&writer, SIZE).expect("it may be small");

        Self { reader, writer }
    }

    /// For a process to write into.
    pub(crate) fn end(&self) -> PipeWriter {
        self.writer.try_clone().expect("another end")
    }

    /// Whether there is no room for another line.
    pub fn is_full(&self) -> bool {
        ioctl_fionread(&self.reader).expect("it can be asked") > SIZE as u64 - LINE
    }
}
