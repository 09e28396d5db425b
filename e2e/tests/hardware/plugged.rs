//! A USB device that is a program: `test-hardware/usb_….py`.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A device that obeys lines; it is plugged in until it is told otherwise, or dropped.
pub(crate) struct Plugged {
    program: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Plugged {
    /// Returns when the kernel was told of it.
    pub(crate) fn start<A: AsRef<OsStr>>(script: &str, args: impl IntoIterator<Item = A>) -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-hardware");
        let mut program = Command::new("python3")
            .arg(scripts.join(script))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there");
        let orders = program.stdin.take().expect("it is piped");
        let answers = BufReader::new(program.stdout.take().expect("it is piped"));
        let mut device = Self { program, orders, answers };
        assert_eq!(device.line(), "ready");

        device
    }

    pub(crate) fn obey(&mut self, order: &str) {
        writeln!(self.orders, "{order}").expect("it reads");
        assert_eq!(self.line(), "done", "{order}");
    }

    /// What it says to a question.
    pub(crate) fn answer(&mut self, question: &str) -> String {
        writeln!(self.orders, "{question}").expect("it reads");
        let answer = self.line();
        assert_eq!(self.line(), "done", "{question}");

        answer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it writes");

        line.trim_end().to_owned()
    }
}

impl Drop for Plugged {
    fn drop(&mut self) {
        // It may be unplugged already.
        let _ = writeln!(self.orders, "unplug");
        let _ = self.line();
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
