//! Cameras on the network.

mod http;
mod mjpeg;
mod rtsp;
mod snapshot;

pub(crate) use mjpeg::Mjpeg;
pub(crate) use rtsp::Rtsp;
pub(crate) use snapshot::Snapshot;

#[cfg(test)]
mod tests;
