//! An agent that decides nothing: whatever it reads is an order to open.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    thread,
};

use anyhow::Context;
use barrier_link::{Order, OrderKind, Seq, to_line};

use super::line::Line;
use crate::wire::{Qos, Session, Version};

/// Ends the thread at the far end when it is dropped, which then has nothing left to read.
pub(super) struct Far(Option<TcpStream>);

/// Reads the reader's line, and writes to the barrier's.
pub(super) fn answer_cards(reader: &Line, barrier: &Path) -> anyhow::Result<Far> {
    let (reader, barrier) = (Line::far(reader.path())?, Line::far(barrier)?);
    let mut buffer = [0; 256];

    // It ends when the near end of the reader's line is closed.
    spawn(move || while matches!(reader.read(&mut buffer), Ok(1..)) && open(&barrier) {})?;
    Ok(Far(None))
}

/// Reads what the broker sends, and writes to the barrier's line.
pub(super) fn answer_commands(
    broker: SocketAddr,
    topic: &str,
    barrier: &Path,
) -> anyhow::Result<Far> {
    let barrier = Line::far(barrier)?;
    let mut stream = TcpStream::connect(broker).context("cannot connect")?;
    stream.set_nodelay(true).context("cannot set TCP_NODELAY")?;
    let connect = Version::V311.connect("floor", Session::Clean, None);
    stream.write_all(&connect).context("cannot send CONNECT")?;
    stream.read_exact(&mut [0; 4]).context("no CONNACK")?;
    let subscribe = Version::V311.subscribe(1, &[topic], Qos::AtMostOnce);
    stream.write_all(&subscribe).context("cannot send SUBSCRIBE")?;
    stream.read_exact(&mut [0; 5]).context("no SUBACK")?;
    let far = Far(Some(stream.try_clone().context("cannot share a socket")?));

    let mut buffer = [0; 4096];
    spawn(move || while matches!(stream.read(&mut buffer), Ok(1..)) && open(&barrier) {})?;
    Ok(far)
}

fn open(barrier: &Line) -> bool {
    barrier.write(to_line(&Order::new(OrderKind::Open, Seq::FIRST)).as_bytes()).is_ok()
}

fn spawn(work: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    thread::Builder::new().name("floor".to_owned()).spawn(work).context("cannot start a thread")?;

    Ok(())
}

impl Drop for Far {
    fn drop(&mut self) {
        if let Some(stream) = &self.0 {
            // It may be gone.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}
