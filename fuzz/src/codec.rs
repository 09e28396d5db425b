//! Whatever bytes come, the codec neither panics nor takes up more than they are worth, and what it
//! accepts of a PUBLISH it can say again.

use broker::fuzzing::{Protocol, Read, read};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What a byte of input may cost, and what costs nothing: buffers, and words for people.
const PER_BYTE: usize = 256;
const AT_LEAST: usize = 64 * 1024;

/// Reads `bytes` as a client of each version would send them.
///
/// # Panics
///
/// A property does not hold.
pub fn check(bytes: &[u8]) {
    for protocol in [Protocol::V31, Protocol::V311, Protocol::V5] {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let packets = read(protocol, bytes);
        let taken = MEMORY.peak_usage().saturating_sub(before);
        let allowed = AT_LEAST + PER_BYTE * bytes.len();
        assert!(taken <= allowed, "{taken} bytes of memory for {} bytes", bytes.len());

        for packet in packets {
            if let Read::Publish { meaning, again } = packet {
                let back = read(protocol, &again);
                let [Read::Publish { meaning: same, again: again_and_again }] = &back[..] else {
                    panic!("{protocol:?}: {meaning} was written as {again:?}, which is {back:?}");
                };
                assert_eq!(*same, meaning, "{protocol:?}: written as {again:?}");
                assert_eq!(*again_and_again, again, "{protocol:?}");
            }
        }
    }
}
