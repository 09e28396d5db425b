//! The bytes that wait to be written to one client.
//!
//! Small packets are written one after the other into one buffer. A large payload is not copied
//! but shared with all who get it, and takes its place between two buffers. The whole leaves in one
//! vectored write.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes, BytesMut};

/// From this size on sharing costs less than copying.
const SHARED: usize = 4 * 1024;

/// Encoded packets, in order.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    sealed: VecDeque<Bytes>,
    sealed_bytes: usize,
    open: BytesMut,
}

impl Outbox {
    /// Where the next small thing is written.
    pub(crate) fn open(&mut self) -> &mut BytesMut {
        &mut self.open
    }

    /// Appends a payload, by reference where it is large.
    pub(crate) fn append(&mut self, payload: Bytes) {
        if payload.len() < SHARED {
            self.open.extend_from_slice(&payload);
            return;
        }
        self.seal();
        self.sealed_bytes += payload.len();
        self.sealed.push_back(payload);
    }

    /// How many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.sealed_bytes + self.open.len()
    }

    fn seal(&mut self) {
        if !self.open.is_empty() {
            self.sealed_bytes += self.open.len();
            self.sealed.push_back(self.open.split().freeze());
        }
    }
}

impl Buf for Outbox {
    fn remaining(&self) -> usize {
        self.len()
    }

    fn chunk(&self) -> &[u8] {
        self.sealed.front().map_or(&self.open, AsRef::as_ref)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let chunks = self.sealed.iter().map(AsRef::as_ref).chain([&self.open[..]]);
        let filled = slices.iter_mut().zip(chunks.filter(|chunk| !chunk.is_empty()));

        filled.map(|(slice, chunk)| *slice = IoSlice::new(chunk)).count()
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(front) = self.sealed.front_mut() {
            let step = written.min(front.len());
            front.advance(step);
            written -= step;
            self.sealed_bytes -= step;
            if !front.is_empty() {
                return;
            }
            self.sealed.pop_front();
        }
        self.open.advance(written);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_goes_in_comes_out_in_order(
            sizes in prop::collection::vec(0..3 * SHARED, 1..12),
            steps in prop::collection::vec(1..2 * SHARED, 1..40),
        ) {
            let mut outbox = Outbox::default();
            let mut expected = Vec::new();
            for (n, size) in sizes.into_iter().enumerate() {
                let payload = vec![n as u8; size];
                outbox.open().extend_from_slice(b"header");
                outbox.append(payload.clone().into());
                expected.extend_from_slice(b"header");
                expected.extend_from_slice(&payload);
            }

            let mut written = Vec::new();
            for step in steps.into_iter().cycle() {
                if outbox.len() == 0 {
                    break;
                }
                let mut slices = [IoSlice::new(&[]); 8];
                let filled = outbox.chunks_vectored(&mut slices);
                let bytes: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
                let step = step.min(bytes.len());
                written.extend_from_slice(&bytes[..step]);
                outbox.advance(step);
            }

            prop_assert!(written == expected);
        }
    }
}
