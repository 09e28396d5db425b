//! RDM6300, RDM630 and their kin: STX, ten hex digits, two hex digits of checksum, ETX.
//!
//! The checksum is the XOR of the five bytes. The ID-12 and ID-20 put CR and LF before ETX.

use crate::{Noise, stray::Stray};

const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const BYTES: usize = 6;
const DIGITS: usize = 2 * BYTES;

#[derive(Debug, Clone, Default)]
pub(crate) struct Rdm6300 {
    /// The digits since STX; `None` outside of a frame.
    digits: Option<Vec<u8>>,
    stray: Stray,
}

impl Rdm6300 {
    pub(crate) fn push(&mut self, byte: u8, found: &mut Vec<Result<Vec<u8>, Noise>>) {
        if byte == STX {
            found.extend(self.cut().map(Err));
            self.digits = Some(Vec::with_capacity(DIGITS));
            return;
        }
        let Some(digits) = &mut self.digits else {
            let expected = matches!(byte, b'\r' | b'\n');
            found.extend((!expected).then(|| self.stray.push()).flatten().map(Err));
            return;
        };

        match byte {
            b'\r' | b'\n' if digits.len() == DIGITS => {}
            _ if byte.is_ascii_hexdigit() && digits.len() < DIGITS => digits.push(byte),
            ETX if digits.len() == DIGITS => {
                found.push(verify(digits));
                self.digits = None;
            }
            _ => {
                found.push(Err(if digits.len() == DIGITS { Noise::TooLong } else { Noise::Cut }));
                self.digits = None;
                self.stray.go_on();
            }
        }
    }

    /// Forgets what has begun, or what is no frame.
    pub(crate) fn cut(&mut self) -> Option<Noise> {
        self.stray.end();

        self.digits.take().map(|_| Noise::Cut)
    }

    pub(crate) fn pending(&self) -> usize {
        self.digits.as_ref().map_or(0, |digits| 1 + digits.len())
    }
}

fn verify(digits: &[u8]) -> Result<Vec<u8>, Noise> {
    let mut bytes: Vec<u8> = digits.chunks(2).filter_map(byte).collect();

    // The checksum is the last: with it, the XOR of all is 0.
    if bytes.len() == BYTES && bytes.iter().fold(0, |sum, byte| sum ^ byte) == 0 {
        bytes.pop();
        Ok(bytes)
    } else {
        Err(Noise::Checksum)
    }
}

fn byte(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()
}
