#![cfg(unix)]

use std::{
    io::{Read, Write},
    path::Path,
    time::Duration,
};

use rustix::termios::{ControlModes, OptionalActions, tcsetattr};
use serialport::{SerialPort, TTYPort};
use tokio::time::timeout;

use super::*;

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn bytes_go_both_ways() {
    let (mut device, path) = device();
    let mut line = SerialLine::open(&path, 9600);
    assert_eq!(next(&mut line).await, LineEvent::Up);

    device.write_all(b"04A1\r\n").unwrap();
    assert_eq!(bytes(&mut line, 6).await, b"04A1\r\n");

    line.write(b"OPEN 1\n".to_vec()).unwrap();
    let mut heard = [0; 7];
    device.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"OPEN 1\n");
}

#[tokio::test]
async fn a_pulled_cable_is_reported_and_a_port_that_stays_away_is_reported_once() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("barrier");
    let path = link.to_str().unwrap().to_owned();
    let (device, real) = device();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let mut line = SerialLine::open(&path, 9600);
    assert_eq!(next(&mut line).await, LineEvent::Up);

    // The name of the pseudo-terminal is free as soon as it is closed: somebody else may have it.
    std::fs::remove_file(&link).unwrap();
    drop(device);

    assert!(matches!(next(&mut line).await, LineEvent::Down(_)));
    assert!(matches!(next(&mut line).await, LineEvent::Down(reason) if reason.contains(&path)));
    let quiet = timeout(Duration::from_millis(500), line.next()).await;
    assert!(quiet.is_err(), "told again: {quiet:?}");
}

#[tokio::test]
async fn a_port_that_comes_back_is_found_again_and_old_orders_are_not_sent() {
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("barrier");
    let path = link.to_str().unwrap().to_owned();
    let mut line = SerialLine::open(&path, 9600);
    assert!(matches!(next(&mut line).await, LineEvent::Down(_)));
    line.write(b"OPEN 1\n".to_vec()).unwrap();

    let (mut device, real) = device();
    std::os::unix::fs::symlink(Path::new(&real), &link).unwrap();
    assert_eq!(next(&mut line).await, LineEvent::Up);
    line.write(b"PING 2\n".to_vec()).unwrap();
    let mut heard = [0; 7];
    device.read_exact(&mut heard).unwrap();

    assert_eq!(&heard, b"PING 2\n");
}

#[tokio::test]
async fn a_port_that_stays_away_does_not_look_like_a_device_that_does_not_listen() {
    let dir = tempfile::tempdir().unwrap();
    let mut line = SerialLine::open(dir.path().join("barrier").to_str().unwrap(), 9600);
    assert!(matches!(next(&mut line).await, LineEvent::Down(_)));

    let writes = line.writes.clone();
    let sent = tokio::task::spawn_blocking(move || {
        (0..10 * WRITES).try_for_each(|_| writes.send(b"PING 1\n".to_vec()))
    });

    assert_eq!(timeout(PATIENCE, sent).await.unwrap().unwrap(), Ok(()));
}

#[tokio::test]
async fn a_device_that_does_not_listen_is_noticed() {
    let (_device, path) = device();
    let mut line = SerialLine::open(&path, 9600);
    assert_eq!(next(&mut line).await, LineEvent::Up);

    let jammed = timeout(PATIENCE, async {
        while line.write(vec![b'x'; 4096]).is_ok() {
            tokio::task::yield_now().await;
        }
    });

    assert!(jammed.await.is_ok(), "it never said so");
}

#[tokio::test]
async fn a_port_that_is_closed_does_not_let_dtr_fall() {
    let (device, path) = device();
    let settings = || rustix::termios::tcgetattr(std::fs::File::open(&path).unwrap()).unwrap();
    let port = std::fs::File::open(&path).unwrap();
    let mut real = settings();
    real.control_modes.insert(ControlModes::HUPCL);
    tcsetattr(&port, OptionalActions::Now, &real).unwrap();
    drop(port);

    let mut line = SerialLine::open(&path, 9600);
    assert_eq!(next(&mut line).await, LineEvent::Up);
    drop(line);

    // The port is locked for others until the thread has noticed.
    let closed = timeout(PATIENCE, async {
        while std::fs::File::open(&path).is_err() {
            tokio::task::yield_now().await;
        }
    });
    closed.await.unwrap();
    assert!(!settings().control_modes.contains(ControlModes::HUPCL));
    drop(device);
}

fn device() -> (TTYPort, String) {
    let (mut device, port) = TTYPort::pair().unwrap();
    device.set_timeout(Duration::from_millis(100)).unwrap();
    let path = port.name().unwrap();

    (device, path)
}

async fn next(line: &mut SerialLine) -> LineEvent {
    timeout(PATIENCE, line.next()).await.unwrap()
}

async fn bytes(line: &mut SerialLine, length: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < length {
        match next(line).await {
            LineEvent::Bytes(bytes) => all.extend(bytes),
            other @ (LineEvent::Up | LineEvent::Down(_)) => panic!("{other:?}"),
        }
    }

    all
}
