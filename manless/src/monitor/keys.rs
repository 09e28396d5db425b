//! Keys, as they are pressed.

use std::{io, thread};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc;

/// Nobody presses more keys while one of them is waited for.
const KEYS: usize = 16;

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Quit,
    Up,
    Down,
    /// The terminal has another size, or a key that means nothing was pressed: draw.
    Other,
}

/// The control key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Control {
    Up,
    Down,
}

/// Listens from now on. The thread ends with the process: a read from a terminal cannot be given
/// up.
pub(crate) fn listen() -> io::Result<mpsc::Receiver<Key>> {
    let (sender, keys) = mpsc::channel(KEYS);
    thread::Builder::new().name("keys".to_owned()).spawn(move || {
        while let Ok(event) = event::read() {
            if sender.blocking_send(of(&event)).is_err() {
                return;
            }
        }
    })?;

    Ok(keys)
}

fn of(event: &Event) -> Key {
    let Event::Key(key) = event else { return Key::Other };
    if key.kind == KeyEventKind::Release {
        return Key::Other;
    }
    let control = match key.modifiers.contains(KeyModifiers::CONTROL) {
        true => Control::Down,
        false => Control::Up,
    };
    let meaning = [
        // In raw mode, Ctrl-C is a key like any other.
        (KeyCode::Char('c'), Control::Down, Key::Quit),
        (KeyCode::Char('d'), Control::Down, Key::Quit),
        (KeyCode::Char('q'), Control::Up, Key::Quit),
        (KeyCode::Esc, Control::Up, Key::Quit),
        (KeyCode::Up, Control::Up, Key::Up),
        (KeyCode::Char('k'), Control::Up, Key::Up),
        (KeyCode::Down, Control::Up, Key::Down),
        (KeyCode::Char('j'), Control::Up, Key::Down),
    ];

    meaning
        .iter()
        .find(|(code, held, _)| *code == key.code && *held == control)
        .map_or(Key::Other, |(.., meaning)| *meaning)
}
