//! Modules for EM and Mifare cards: `02` LEN TYPE SNR… BCC `03`, all in bytes.
//!
//! LEN counts the whole frame. TYPE is `01` for Mifare (4 or 7 bytes of number) and `02` for EM (5
//! bytes). BCC is the XOR of LEN to SNR. All of these bytes may be `02` or `03`, so a frame that
//! is none is searched for another one that begins in it. Where a frame that was cut runs into
//! the next one without a pause, bytes of the two may look like a frame: once in 65,536 times BCC
//! and `03` happen to be in place.

use crate::{Noise, stray::Stray};

const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const MIFARE: u8 = 0x01;
const EM: u8 = 0x02;
/// STX, LEN, TYPE; BCC, ETX.
const HEAD: usize = 3;
const AROUND: usize = 5;
const LONGEST: usize = AROUND + 7;

#[derive(Debug, Clone, Default)]
pub(crate) struct Module {
    frame: Vec<u8>,
    stray: Stray,
}

/// What the first bytes of a frame say about it.
enum Look {
    /// It may become one.
    Begun,
    /// It is one, of so many bytes.
    Whole(usize),
    /// It is none.
    Wrong,
}

impl Module {
    pub(crate) fn push(&mut self, byte: u8, found: &mut Vec<Result<Vec<u8>, Noise>>) {
        self.frame.push(byte);

        while !self.frame.is_empty() {
            match look(&self.frame) {
                Look::Begun => return,
                Look::Whole(length) => {
                    found.push(Ok(self.frame[HEAD..length - 2].to_vec()));
                    self.frame.drain(..length);
                    self.stray.end();
                }
                Look::Wrong => {
                    found.extend(self.stray.push().map(|stray| Err(self.blame(stray))));
                    self.frame.remove(0);
                }
            }
        }
    }

    /// Forgets what has begun, or what is no frame.
    pub(crate) fn cut(&mut self) -> Option<Noise> {
        self.stray.end();

        (!self.frame.is_empty()).then(|| {
            self.frame.clear();
            Noise::Cut
        })
    }

    pub(crate) fn pending(&self) -> usize {
        self.frame.len()
    }

    /// A frame that is whole but for its checksum is said to be one.
    fn blame(&self, otherwise: Noise) -> Noise {
        match length(&self.frame) {
            Some(length) if self.frame.len() == length && self.frame.last() == Some(&ETX) => {
                Noise::Checksum
            }
            Some(_) | None => otherwise,
        }
    }
}

fn look(frame: &[u8]) -> Look {
    if frame[0] != STX {
        return Look::Wrong;
    }
    if frame.len() < HEAD {
        return Look::Begun;
    }

    match length(frame) {
        Some(length) if frame.len() < length => Look::Begun,
        Some(length) if frame[length - 1] == ETX && checked(&frame[1..length - 1]) => {
            Look::Whole(length)
        }
        Some(_) | None => Look::Wrong,
    }
}

/// What LEN says, where TYPE can be so long.
fn length(frame: &[u8]) -> Option<usize> {
    let &[STX, length, kind, ..] = frame else { return None };
    let length = usize::from(length);

    match (kind, length.checked_sub(AROUND)?) {
        (MIFARE, 4 | 7) | (EM, 5) => Some(length),
        _ => None,
    }
}

/// With BCC at its end, the XOR of all is 0.
fn checked(bytes: &[u8]) -> bool {
    debug_assert!(bytes.len() <= LONGEST, "a length is one of those that are known");

    bytes.iter().fold(0, |sum, byte| sum ^ byte) == 0
}
