//! Keys to text. A key says where it is on the keyboard, not what is printed on it: positions are
//! read as those of a US keyboard, which is what readers are set up for when they are delivered.

use evdev::KeyCode;

/// What no number contains: a key that has no place in one spoils its line.
const OTHER: u8 = b'?';

/// What a line ends in.
const ENTER: u8 = b'\n';

#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// How many of the two shift keys are down.
    shifts: u8,
}

impl Keys {
    /// The byte that a key stands for, when it goes down (1). Repeats (2) are a keyboard's own
    /// doing, and none of the card's.
    pub(crate) fn push(&mut self, key: KeyCode, value: i32) -> Option<u8> {
        match (key, value) {
            (KeyCode::KEY_LEFTSHIFT | KeyCode::KEY_RIGHTSHIFT, 1) => {
                self.shifts = self.shifts.saturating_add(1).min(2);
                None
            }
            (KeyCode::KEY_LEFTSHIFT | KeyCode::KEY_RIGHTSHIFT, 0) => {
                self.shifts = self.shifts.saturating_sub(1);
                None
            }
            (KeyCode::KEY_NUMLOCK | KeyCode::KEY_CAPSLOCK, _) => None,
            (key, 1) => Some(self.text(key)),
            _ => None,
        }
    }

    fn text(&self, key: KeyCode) -> u8 {
        match byte(key) {
            letter if self.shifts > 0 => letter.to_ascii_uppercase(),
            other => other,
        }
    }
}

fn byte(key: KeyCode) -> u8 {
    match key {
        KeyCode::KEY_ENTER | KeyCode::KEY_KPENTER => ENTER,
        // Some end with a tabulator, or send spaces around the number.
        KeyCode::KEY_TAB => ENTER,
        KeyCode::KEY_SPACE => b' ',
        KeyCode::KEY_MINUS | KeyCode::KEY_KPMINUS => b'-',
        KeyCode::KEY_0 | KeyCode::KEY_KP0 => b'0',
        KeyCode::KEY_1 | KeyCode::KEY_KP1 => b'1',
        KeyCode::KEY_2 | KeyCode::KEY_KP2 => b'2',
        KeyCode::KEY_3 | KeyCode::KEY_KP3 => b'3',
        KeyCode::KEY_4 | KeyCode::KEY_KP4 => b'4',
        KeyCode::KEY_5 | KeyCode::KEY_KP5 => b'5',
        KeyCode::KEY_6 | KeyCode::KEY_KP6 => b'6',
        KeyCode::KEY_7 | KeyCode::KEY_KP7 => b'7',
        KeyCode::KEY_8 | KeyCode::KEY_KP8 => b'8',
        KeyCode::KEY_9 | KeyCode::KEY_KP9 => b'9',
        other => letter(other),
    }
}

fn letter(key: KeyCode) -> u8 {
    const ROWS: [(KeyCode, &[u8]); 3] = [
        (KeyCode::KEY_Q, b"qwertyuiop"),
        (KeyCode::KEY_A, b"asdfghjkl"),
        (KeyCode::KEY_Z, b"zxcvbnm"),
    ];

    ROWS.iter()
        .find_map(|(first, row)| row.get(usize::from(key.code().checked_sub(first.code())?)))
        .copied()
        .unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_its_digits_and_enter() {
        let keys = [KeyCode::KEY_0, KeyCode::KEY_4, KeyCode::KEY_KP7, KeyCode::KEY_ENTER];

        assert_eq!(typed(&keys.map(|key| [(key, 1), (key, 0)]).concat()), "047\n");
    }

    #[test]
    fn letters_are_small_unless_shift_is_down() {
        let (a, shift) = (KeyCode::KEY_A, KeyCode::KEY_LEFTSHIFT);

        assert_eq!(typed(&[(a, 1), (shift, 1), (a, 1), (shift, 0), (a, 1)]), "aAa");
        assert_eq!(typed(&[(shift, 1), (KeyCode::KEY_1, 1)]), "1");
    }

    #[test]
    fn every_letter_is_where_it_is() {
        let keys = [KeyCode::KEY_Q, KeyCode::KEY_P, KeyCode::KEY_L, KeyCode::KEY_Z, KeyCode::KEY_M];

        assert_eq!(typed(&keys.map(|key| (key, 1))), "qplzm");
    }

    #[test]
    fn a_key_that_is_held_down_is_typed_once() {
        assert_eq!(typed(&[(KeyCode::KEY_1, 1), (KeyCode::KEY_1, 2), (KeyCode::KEY_1, 0)]), "1");
    }

    #[test]
    fn a_key_that_no_number_has_spoils_its_line() {
        assert_eq!(typed(&[(KeyCode::KEY_1, 1), (KeyCode::KEY_F1, 1)]), "1?");
        assert_eq!(typed(&[(KeyCode::KEY_LEFTBRACE, 1), (KeyCode::KEY_SEMICOLON, 1)]), "??");
    }

    fn typed(events: &[(KeyCode, i32)]) -> String {
        let mut keys = Keys::default();

        events.iter().filter_map(|(key, value)| keys.push(*key, *value)).map(char::from).collect()
    }
}
