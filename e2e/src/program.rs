//! A running program: what it writes, how it is stopped, and how it ended.

use std::{
    env,
    ffi::OsStr,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use crate::{Lines, PATIENCE, UnreadPipe};

/// A process that ends with the test at the latest.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

/// One of ours, which is built into the directory above that of the tests.
///
/// It starts with an empty environment: what counts is what the test says.
pub fn ours(name: &str) -> Command {
    let test = env::current_exe().expect("a test knows its own path");
    let path: PathBuf = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("tests are two directories below the target directory")
        .join(name);
    assert!(path.is_file(), "{} is not there: run `make test`, which builds it", path.display());

    let mut command = Command::new(path);
    command.env_clear();
    command
}

/// The same, for whom a disk can be full: [`Program::disk_is_full`].
///
/// A write beyond the limit of a process ends it, unless it ignores the signal. A disk that is full
/// sends none.
pub(crate) fn ours_on_any_disk(name: &str) -> Command {
    let program = ours(name);
    let mut command = Command::new("/bin/sh");
    command.env_clear().args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command.arg(program.get_program());

    command
}

/// One of the system's, such as mosquitto's clients.
pub(crate) fn system(name: &str) -> Command {
    Command::new(name)
}

impl Program {
    /// Starts `command`, with nothing to read.
    #[track_caller]
    pub fn start(command: Command) -> Self {
        Self::start_with(command, Stdio::null())
    }

    /// Starts `command`, with these lines to read and nothing after them.
    #[track_caller]
    pub fn start_with_answers(command: Command, answers: &[&str]) -> Self {
        let mut program = Self::start_with(command, Stdio::piped());
        let mut stdin = program.child.stdin.take().expect("it is piped");
        // A program that does not want to hear all of it has ended before.
        let _ = stdin.write_all(answers.join("\n").as_bytes());

        program
    }

    #[track_caller]
    fn start_with(mut command: Command, stdin: Stdio) -> Self {
        let name = PathBuf::from(command.get_program());
        let name = name.file_name().map_or("?".into(), OsStr::to_string_lossy).into_owned();
        let child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}; run `make test`"));

        Self::of(name, child)
    }

    /// Starts `command` with its standard error in a pipe that nobody reads.
    #[track_caller]
    pub(crate) fn start_into(pipe: &UnreadPipe, mut command: Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(pipe.end())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name}: {error}; run `make test`"));
        let stdout = Lines::of(child.stdout.take().expect("it is piped"));

        Self { name, child, stdout, stderr: Lines::of(io::empty()) }
    }

    fn of(name: String, mut child: Child) -> Self {
        let stdout = Lines::of(child.stdout.take().expect("it is piped"));
        let stderr = Lines::of(child.stderr.take().expect("it is piped"));

        Self { name, child, stdout, stderr }
    }

    /// Waits until it has written a line with `text` to standard output.
    #[track_caller]
    pub fn prints(&self, text: &str) {
        let printed = |line: &str| line.contains(text).then_some(());

        let printed = self.stdout.find(Instant::now() + PATIENCE, printed);
        assert!(printed.is_some(), "it does not print `{text}`: {:#?}", self.stdout.all());
    }

    /// What it writes to standard output.
    pub fn stdout(&self) -> &Lines {
        &self.stdout
    }

    /// What it writes to standard error.
    pub fn stderr(&self) -> &Lines {
        &self.stderr
    }

    /// Waits until it has written `text` to its log.
    #[track_caller]
    pub fn says(&self, text: &str) {
        let said = |line: &str| line.contains(text).then_some(());

        let said = self.stderr.find(Instant::now() + PATIENCE, said);
        assert!(said.is_some(), "{} does not say `{text}`", self.name);
    }

    /// The address that it says it listens on in its log.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        let address = |line: &str| line.split_once("address=")?.1.split(' ').next()?.parse().ok();

        self.stderr
            .find(Instant::now() + PATIENCE, address)
            .unwrap_or_else(|| panic!("{} did not say where it listens", self.name))
    }

    /// The port of that address.
    #[track_caller]
    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// An address that a site announces under this name, on standard output.
    #[track_caller]
    pub fn announces(&self, name: &str) -> SocketAddr {
        let address = |line: &str| match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [first, value] if *first == name => {
                value.trim_start_matches("http://").trim_end_matches('/').parse().ok()
            }
            _ => None,
        };

        self.stdout
            .find(Instant::now() + PATIENCE, address)
            .unwrap_or_else(|| panic!("the site does not say `{name}`"))
    }

    /// As Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// As systemd does.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Has it do nothing until [`Program::resume`], as on a machine that is busy elsewhere.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Has it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// From here on no file of it grows.
    pub fn disk_is_full(&self) {
        self.limit_files(Some(0));
    }

    /// From here on files grow again.
    pub fn disk_has_room(&self) {
        self.limit_files(None);
    }

    /// As a power cut does: it is gone when this returns.
    pub fn kill(mut self) {
        self.end();
    }

    /// Waits until it has ended: its exit code, if it was not killed.
    #[track_caller]
    pub fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        let ended = self.stdout.end(deadline) && self.stderr.end(deadline);
        assert!(ended, "{} does not end", self.name);

        self.child.wait().expect("a child can be waited for").code()
    }

    fn limit_files(&self, current: Option<u64>) {
        let limit = Rlimit { current, maximum: None };

        prlimit(Some(self.id()), Resource::Fsize, limit).expect("it runs, and is ours");
    }

    fn signal(&self, signal: Signal) {
        // It may have ended by itself.
        let _ = kill_process(self.id(), signal);
    }

    /// The number by which the system knows it.
    pub(crate) fn id(&self) -> Pid {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);

        id.expect("a child has a process id")
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    #[expect(clippy::print_stderr, reason = "the output of a test that fails")]
    fn show(&self) {
        eprintln!("---- {} wrote ----", self.name);
        for line in self.stdout.all().iter().chain(&self.stderr.all()) {
            eprintln!("{line:.400}");
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
        if thread::panicking() {
            let deadline = Instant::now() + PATIENCE;
            let _ = self.stdout.end(deadline) && self.stderr.end(deadline);
            self.show();
        }
    }
}
