//! Wiegand in bytes: an even parity bit, 24 or 32 bits of number, an odd parity bit.
//!
//! The bits stand at the low end of 4 or 5 bytes, the highest byte first; the 6 bits above are 0.
//! The first parity is over the first half of the number, the last over the second half. There is
//! nothing that says where a frame begins but the pause before it.

use crate::Noise;

#[derive(Debug, Clone)]
pub(crate) struct Wiegand {
    /// Of the number.
    bits: u32,
    frame: Vec<u8>,
    step: Step,
}

/// Whether it is known where frames begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    In,
    /// After a damaged frame, until the next pause.
    Out,
}

impl Wiegand {
    /// For numbers of 24 bits.
    pub(crate) fn of_26() -> Self {
        Self::new(24)
    }

    /// For numbers of 32 bits.
    pub(crate) fn of_34() -> Self {
        Self::new(32)
    }

    fn new(bits: u32) -> Self {
        Self { bits, frame: Vec::with_capacity(5), step: Step::In }
    }

    pub(crate) fn push(&mut self, byte: u8, found: &mut Vec<Result<Vec<u8>, Noise>>) {
        if self.step == Step::Out {
            return;
        }
        self.frame.push(byte);
        if self.frame.len() < self.length() {
            return;
        }

        let number = self.number();
        if number.is_err() {
            self.step = Step::Out;
        }
        found.push(number);
        self.frame.clear();
    }

    /// A pause: what comes next is the beginning of a frame.
    pub(crate) fn cut(&mut self) -> Option<Noise> {
        self.step = Step::In;

        (!self.frame.is_empty()).then(|| {
            self.frame.clear();
            Noise::Cut
        })
    }

    pub(crate) fn pending(&self) -> usize {
        self.frame.len()
    }

    fn length(&self) -> usize {
        self.bits as usize / 8 + 1
    }

    fn number(&self) -> Result<Vec<u8>, Noise> {
        let all = self.frame.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        let half = self.bits / 2;
        let mask = (1 << half) - 1;
        let (low, high) = (all >> 1 & mask, all >> (1 + half) & mask);
        let (first, last) = (all >> (1 + self.bits) & 1, all & 1);

        if all >> (2 + self.bits) != 0 {
            return Err(Noise::Stray);
        }
        if (high.count_ones() + u32::from(first == 1)) % 2 != 0
            || (low.count_ones() + u32::from(last == 1)) % 2 != 1
        {
            return Err(Noise::Parity);
        }

        let number = (high << half | low).to_be_bytes();
        Ok(number[number.len() - self.bits as usize / 8..].to_vec())
    }
}
