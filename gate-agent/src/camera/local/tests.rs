//! Workers that do what cameras make them do.

#![cfg(unix)]

use std::{fs, path::Path};

use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::camera::{
    Eye, Frame,
    feed::{drive, feed},
};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

#[tokio::test]
async fn a_frame_is_seen_and_what_the_driver_left_behind_it_is_not() {
    let mut rig = Rig::start("cat opened; cat frame; exec cat");

    assert_eq!(rig.seen().await.jpeg, picture());
}

#[tokio::test]
async fn what_a_worker_says_of_its_camera_is_the_reason() {
    for (script, expected) in [
        ("printf '\\0\\0\\0\\005Mgone'", CameraError::Unreachable("gone".to_owned())),
        ("printf '\\0\\0\\0\\005Ebusy'", CameraError::Failed("busy".to_owned())),
        ("printf '\\0\\0\\0\\001?'", CameraError::Failed("its worker talks nonsense".to_owned())),
        ("printf '\\0\\377\\377\\377F'", CameraError::TooLarge { max_bytes: LIMIT }),
        ("exit 3", CameraError::Failed("its worker ended: exit status: 3".to_owned())),
        ("kill -9 $$", CameraError::Failed("its worker ended: signal: 9 (SIGKILL)".to_owned())),
    ] {
        assert_eq!(Rig::start(script).failed().await, expected, "{script}");
    }
}

#[tokio::test]
async fn a_few_half_frames_are_forgotten_and_many_are_a_fault() {
    let mut rig = Rig::start("for n in 1 2 3 4 5; do cat half; done; cat frame; exec cat");
    assert_eq!(rig.seen().await.jpeg, picture());

    let mut rig = Rig::start("while cat half; do :; done");
    assert_eq!(rig.failed().await, CameraError::CutShort);
}

#[tokio::test]
async fn a_worker_that_hangs_is_killed_and_another_one_started() {
    let mut rig =
        Rig::start("echo $$ >> pids; cat frame; trap '' TERM INT; while :; do read x; done");

    rig.seen().await;
    assert!(matches!(rig.failed().await, CameraError::Stalled(_)));
    rig.seen().await;
    let pids = fs::read_to_string(rig.dir.path().join("pids")).unwrap();
    let [first, _second, ..] = pids.lines().collect::<Vec<_>>()[..] else {
        panic!("it was started once: {pids}");
    };
    assert!(!runs(first), "the first one is gone");
}

#[tokio::test]
async fn no_worker_outlives_its_agent() {
    let mut rig =
        Rig::start("echo $$ > pid; cat frame; trap '' TERM INT; while :; do read x; done");
    rig.seen().await;
    let pid = fs::read_to_string(rig.dir.path().join("pid")).unwrap();
    assert!(runs(pid.trim()));

    rig.tasks.shutdown().await;

    let gone = async {
        while runs(pid.trim()) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("it ends in time");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_a_reason() {
    let mut rig = Rig::start("");
    rig.tasks.shutdown().await;
    let mut rig =
        rig.drive(Local { program: "/nowhere/worker".into(), args: Vec::new(), max_bytes: LIMIT });

    assert!(rig.failed().await.to_string().contains("no worker process"));
}

const LIMIT: usize = 100_000;

struct Rig {
    eye: Eye,
    tasks: JoinSet<()>,
    dir: TempDir,
}

impl Rig {
    /// A worker that is a script, in a directory with things to say.
    fn start(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (frame, half) = ([&picture()[..], b"left behind"].concat(), picture().slice(..200));
        fs::write(dir.path().join("opened"), word(b'O', b"MJPEG")).unwrap();
        fs::write(dir.path().join("frame"), word(b'F', &frame)).unwrap();
        fs::write(dir.path().join("half"), word(b'F', &half)).unwrap();
        let script = format!("cd '{}'; {script}", Path::display(dir.path()));
        let local = Local {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            max_bytes: LIMIT,
        };

        Self { eye: Eye::NotFitted, tasks: JoinSet::new(), dir }.drive(local)
    }

    fn drive(mut self, local: Local) -> Self {
        let (film, eye) = feed();
        self.tasks.spawn(async {
            let Ok(()) = drive(local, film, CancellationToken::new()).await;
        });

        Self { eye, ..self }
    }

    async fn seen(&mut self) -> Frame {
        let see = async {
            loop {
                if let Ok(shot) = self.eye.look() {
                    return shot.develop().await.unwrap();
                }
                self.eye.health_changed().await;
            }
        };

        timeout(PATIENCE, see).await.expect("the camera shows something in time")
    }

    async fn failed(&mut self) -> CameraError {
        let fail = async {
            loop {
                match self.eye.health() {
                    Ok(()) | Err(CameraError::Starting) => self.eye.health_changed().await,
                    Err(error) => return error,
                }
            }
        };

        timeout(PATIENCE, fail).await.expect("the camera fails in time")
    }
}

fn word(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len() + 1).unwrap().to_be_bytes();

    [&length[..], &[kind], bytes].concat()
}

fn picture() -> bytes::Bytes {
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 80)
        .encode(&[9; 64 * 48], 64, 48, jpeg_encoder::ColorType::Luma)
        .unwrap();

    jpeg.into()
}

/// Whether a process is there; one that is dead and unburied is not.
fn runs(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}
