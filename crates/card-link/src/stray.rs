//! Bytes that belong to no frame.

use crate::Noise;

/// So many stray bytes count as one more noise.
const RUN: usize = 64;

/// A run of bytes that belong to no frame.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stray(usize);

impl Stray {
    /// One more; the first of each run is noise.
    pub(crate) fn push(&mut self) -> Option<Noise> {
        let first = self.0.is_multiple_of(RUN);
        self.0 = (self.0 + 1) % RUN;

        first.then_some(Noise::Stray)
    }

    /// A frame begins, or nothing came for a while.
    pub(crate) fn end(&mut self) {
        self.0 = 0;
    }

    /// What has just been called noise goes on.
    pub(crate) fn go_on(&mut self) {
        self.0 = 1;
    }
}
