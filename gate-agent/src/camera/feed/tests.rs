//! Cameras that stall, fail and come back, on a paused clock.

use std::collections::VecDeque;

use tokio::{task::JoinSet, time::advance};

use super::*;

/// What a camera does when it is opened, again and again.
enum Act {
    Fails(CameraError),
    Shows(u32, Duration),
    Hangs,
}

struct Script(VecDeque<Act>);

impl FrameSource for Script {
    async fn show(&mut self, film: &Film) -> Result<Infallible, CameraError> {
        match self.0.pop_front().unwrap_or(Act::Hangs) {
            Act::Fails(error) => Err(error),
            Act::Shows(frames, every) => {
                for n in 1..=frames {
                    film.expose(frame(n));
                    sleep(every).await;
                }
                Err(CameraError::CutShort)
            }
            Act::Hangs => std::future::pending().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_latest_frame_is_seen_and_an_old_one_is_not_taken_for_the_present() {
    let (film, eye) = feed();
    assert_eq!(eye.look().unwrap_err(), CameraError::Starting);

    film.expose(frame(1));
    film.expose(frame(2));
    assert_eq!(eye.look().unwrap().develop().await.unwrap(), frame(2));

    advance(STALE).await;
    assert!(eye.look().is_ok());
    advance(Duration::from_secs(1)).await;
    assert_eq!(eye.look().unwrap_err(), CameraError::Stalled(Duration::from_secs(4)));
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_hangs_is_opened_anew() {
    let second = Duration::from_secs(1);
    let (mut eye, _tasks) = driven([Act::Hangs, Act::Shows(2, second), Act::Shows(9, second)]);

    eye.health_changed().await;
    assert_eq!(eye.health(), Err(CameraError::Stalled(PATIENCE)));
    eye.health_changed().await;
    assert_eq!(eye.health(), Ok(()));
    eye.health_changed().await;
    assert_eq!(eye.look().unwrap_err(), CameraError::CutShort);
    eye.health_changed().await;
    assert!(eye.look().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_falls_silent_is_opened_anew() {
    let long = Duration::from_secs(3600);
    let (mut eye, _tasks) = driven([Act::Shows(1, long), Act::Shows(1, long)]);
    let started = Instant::now();

    for expected in [Ok(()), Err(CameraError::Stalled(PATIENCE)), Ok(())] {
        eye.health_changed().await;
        assert_eq!(eye.health(), expected);
    }
    assert!(started.elapsed() < PATIENCE + LONGEST_WAIT);
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_not_tried_again_at_once() {
    let acts = [Act::Fails(CameraError::LoginRefused), Act::Shows(1, Duration::from_secs(1))];
    let (mut eye, _tasks) = driven(acts);
    let started = Instant::now();

    for expected in [Err(CameraError::LoginRefused), Ok(())] {
        eye.health_changed().await;
        assert_eq!(eye.health(), expected);
    }
    assert!(started.elapsed() >= AFTER_REFUSED_LOGIN);
}

fn driven(acts: impl IntoIterator<Item = Act>) -> (Eye, JoinSet<()>) {
    let (film, eye) = feed();
    let script = Script(acts.into_iter().collect());
    let mut tasks = JoinSet::new();
    tasks.spawn(async {
        let Ok(()) = drive(script, film, CancellationToken::new()).await;
    });

    (eye, tasks)
}

fn frame(n: u32) -> Frame {
    Frame { jpeg: bytes::Bytes::from(n.to_string()), width: n, height: n }
}
