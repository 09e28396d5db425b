//! A program on a terminal: a pseudo-terminal with the screen that a person would see.

use std::{
    fs::File,
    io::{Read, Write},
    num::NonZero,
    os::fd::{AsFd, OwnedFd},
    process::{Child, Command},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};

use crate::PATIENCE;

const ROWS: NonZero<u16> = NonZero::new(30).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(120).unwrap();

/// A program on a terminal; it ends with the test at the latest.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    /// The end of the program, kept open: it shows in which state the program left it.
    far: OwnedFd,
    screen: Arc<Screen>,
}

#[derive(Debug)]
struct Screen {
    picture: Mutex<Picture>,
    changed: Condvar,
}

struct Picture(vt100::Parser);

impl Terminal {
    /// Starts `command` on a terminal of 30 rows and 120 columns.
    #[track_caller]
    pub fn start(mut command: Command) -> Self {
        let (near, far) = pair().expect("a pseudo-terminal");
        let end = || far.try_clone().expect("another descriptor");
        let child = command
            .env("TERM", "xterm-256color")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("the program starts");

        let screen = Arc::new(Screen {
            picture: Mutex::new(Picture(vt100::Parser::new(ROWS, COLUMNS, 0))),
            changed: Condvar::new(),
        });
        let keyboard = File::from(near.try_clone().expect("another descriptor"));
        let shown = Arc::clone(&screen);
        thread::spawn(move || shown.fill(File::from(near)));

        Self { child, keyboard, far, screen }
    }

    /// Waits until all of `words` are on the screen at once.
    #[track_caller]
    pub fn shows(&self, words: &[&str]) {
        let has_all = |picture: &Picture| {
            let text = picture.0.screen().contents();
            words.iter().all(|word| text.contains(word))
        };

        let shown = self.screen.wait(has_all);
        assert!(shown, "{words:?} are not on the screen:\n{}", self.screen.text());
    }

    /// Presses keys.
    #[track_caller]
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal is there");
    }

    /// Waits until the program has ended: its exit code.
    #[track_caller]
    pub fn exit_code(&mut self) -> Option<i32> {
        let ended = crate::eventually("the program ends", || self.child.try_wait().ok().flatten());

        ended.code()
    }

    /// Waits until the terminal is as it was before: a shell could go on.
    #[track_caller]
    pub fn is_as_before(&self) {
        let left = self.screen.wait(|picture| {
            let screen = picture.0.screen();
            !screen.alternate_screen() && !screen.hide_cursor()
        });
        let modes = tcgetattr(self.far.as_fd()).expect("the terminal is there").local_modes;

        assert!(left, "the program has left its screen behind:\n{}", self.screen.text());
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON), "{modes:?}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Screen {
    fn fill(&self, mut near: File) {
        let mut bytes = [0; 4096];

        while let Ok(count @ 1..) = near.read(&mut bytes) {
            let mut picture = self.picture.lock().unwrap_or_else(PoisonError::into_inner);
            picture.0.process(&bytes[..count]);
            self.changed.notify_all();
        }
    }

    fn wait(&self, wanted: impl Fn(&Picture) -> bool) -> bool {
        let picture = self.picture.lock().unwrap_or_else(PoisonError::into_inner);
        let patience: Duration = PATIENCE;
        let (picture, _) = self
            .changed
            .wait_timeout_while(picture, patience, |picture| !wanted(picture))
            .unwrap_or_else(PoisonError::into_inner);

        wanted(&picture)
    }

    fn text(&self) -> String {
        self.picture.lock().unwrap_or_else(PoisonError::into_inner).0.screen().contents()
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Picture")
    }
}

fn pair() -> rustix::io::Result<(OwnedFd, OwnedFd)> {
    let near = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&near)?;
    unlockpt(&near)?;
    let far = open(
        ptsname(&near, Vec::new())?.as_c_str(),
        OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let size = Winsize { ws_row: ROWS.get(), ws_col: COLUMNS.get(), ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&far, size)?;

    Ok((near, far))
}
