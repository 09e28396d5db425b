//! A port that a program has, loses and gets back: one that nobody else takes meanwhile.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    path::Path,
};

use tempfile::TempDir;

/// Below those that the system gives to outgoing connections and to whoever asks for any port.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// A port of one test.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// Where the broker on this port keeps what outlives it.
    data: TempDir,
    /// Tests that run at the same time claim a port by its namesake in UDP.
    _claim: UdpSocket,
}

impl Port {
    /// A port that is free.
    #[track_caller]
    pub fn free() -> Self {
        let from = u16::try_from(std::process::id() % u32::from(COUNT)).expect("it is below COUNT");

        (0..COUNT)
            .map(|step| FIRST + (from + step) % COUNT)
            .find_map(Self::claim)
            .expect("of 20,000 ports one is free")
    }

    fn claim(number: u16) -> Option<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number));
        let claim = UdpSocket::bind(address).ok()?;
        // Asked for rather than listened on: a program that another test is about to start would
        // hold the listener open for a moment, and the port would be taken after all.
        let is_free = TcpStream::connect(address).is_err();

        let data = is_free.then(|| tempfile::tempdir().expect("there is room for a directory"))?;

        Some(Self { number, data, _claim: claim })
    }

    /// Where a program on this port may keep what it has to find again.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The port on this machine.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}
