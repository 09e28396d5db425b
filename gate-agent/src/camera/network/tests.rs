//! Cameras that answer as cameras do: slowly, wrongly, by halves, and not at all.

mod rtsp;
mod server;

use std::io::Write;

use bytes::Bytes;
use tempfile::{NamedTempFile, TempDir};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{Mjpeg, Rtsp, Snapshot};
use crate::{
    camera::{
        CameraError, Eye, Frame, FrameSource,
        feed::{drive, feed},
    },
    config::{Camera, Fitted, Source},
};
use rtsp::RtspServer;
use server::{Does, Server};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

#[tokio::test]
async fn a_snapshot_is_the_picture_that_the_camera_has() {
    let server = Server::start(Does::Answers("200 OK", "image/jpeg", picture(64))).await;
    let mut eye = opened(&format!("snapshot = \"{}\"", server.url()));

    assert_eq!(seen(&mut eye).await.jpeg, picture(64));

    server.does(Does::Answers("200 OK", "image/jpeg", picture(32)));
    while seen(&mut eye).await.width != 32 {
        next(&mut eye).await;
    }
}

#[tokio::test]
async fn a_camera_may_want_a_login_of_either_kind() {
    for does in [Does::WantsBasic(picture(64)), Does::WantsDigest(picture(64))] {
        let server = Server::start(does).await;
        let password = password("sesame");
        let login = format!("username = \"admin\", password_file = \"{}\"", path(&password));
        let mut eye = opened(&format!("snapshot = \"{}?channel=1\", {login}", server.url()));

        assert_eq!(seen(&mut eye).await.jpeg, picture(64));
        // The same login again, with the next number of its use.
        let first = eye.0.look().unwrap().moment.at;
        while eye.0.look().unwrap().moment.at == first {
            next(&mut eye).await;
        }
    }
}

#[tokio::test]
async fn a_wrong_password_and_none_are_told_apart() {
    let server = Server::start(Does::WantsDigest(picture(64))).await;
    let password = password("wrong");
    let login = format!("username = \"admin\", password_file = \"{}\"", path(&password));

    let eye = opened(&format!("snapshot = \"{}\", {login}", server.url()));
    assert_eq!(refused(eye).await, CameraError::LoginRefused);
    let eye = opened(&format!("snapshot = \"{}\"", server.url()));
    assert_eq!(refused(eye).await, CameraError::LoginWanted);
}

#[tokio::test]
async fn what_is_not_a_picture_is_said() {
    let half = picture(64).slice(..300);
    for (does, expected) in [
        (Does::Answers("200 OK", "text/html", "<html>Log in</html>".into()), "no picture"),
        (Does::Answers("200 OK", "image/jpeg", half.clone()), "half a picture"),
        (Does::BreaksOff(half), "half a picture"),
        (
            Does::Answers("200 OK", "image/jpeg", vec![0xff; 50_000].into()),
            "larger than 20000 bytes",
        ),
        (Does::Answers("404 Not Found", "text/html", Bytes::new()), "404 Not Found"),
        (Does::Answers("200 OK", "multipart/x-mixed-replace; boundary=x", picture(64)), "`mjpeg`"),
        (Does::Sends(b"no HTTP at all\r\n\r\n".as_slice().into()), "the camera fails"),
    ] {
        let server = Server::start(does).await;
        let eye = opened(&format!("snapshot = \"{}\", max_bytes = 20000", server.url()));

        let error = refused(eye).await.to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_camera_that_is_away_is_found_again() {
    let server = Server::start(Does::Answers("200 OK", "image/jpeg", picture(64))).await;
    let (url, address) = (server.url(), server.address());
    drop(server);

    let mut eye = opened(&format!("snapshot = \"{url}\""));
    let error = failed(&mut eye).await;
    assert!(matches!(error, CameraError::Unreachable(_)), "{error}");

    let _server = Server::at(address, Does::Answers("200 OK", "image/jpeg", picture(64))).await;
    assert_eq!(seen(&mut eye).await.jpeg, picture(64));
}

#[tokio::test]
async fn a_camera_that_hangs_is_asked_anew() {
    let server = Server::start(Does::Hangs).await;
    let mut eye = opened(&format!("snapshot = \"{}\"", server.url()));

    assert!(matches!(failed(&mut eye).await, CameraError::Stalled(_)));
    server.does(Does::Answers("200 OK", "image/jpeg", picture(64)));
    assert_eq!(seen(&mut eye).await.jpeg, picture(64));
}

#[tokio::test]
async fn a_camera_is_recognised_by_its_own_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let answer = || Does::Answers("200 OK", "image/jpeg", picture(64));
    let server = Server::with_tls(&dir.path().join("camera.pem"), answer()).await;
    let _other = Server::with_tls(&dir.path().join("other.pem"), answer()).await;

    let camera = |ca: &str, dir: &TempDir| {
        format!("snapshot = \"{}\", ca = \"{}\"", server.url(), dir.path().join(ca).display())
    };
    let mut eye = opened(&camera("camera.pem", &dir));
    assert_eq!(seen(&mut eye).await.jpeg, picture(64));

    let error = refused(opened(&camera("other.pem", &dir))).await.to_string();
    assert!(error.contains("`ca`"), "{error}");
}

#[tokio::test]
async fn the_pictures_of_a_stream_come_one_after_the_other() {
    let parts = [picture(64), picture(32), picture(48)];
    let server = Server::start(Does::Streams(parts.to_vec())).await;
    let mut eye = opened(&format!("mjpeg = \"{}\"", server.url()));

    // Each waits until the one before has been seen.
    for part in parts {
        while seen(&mut eye).await.jpeg != part {
            next(&mut eye).await;
        }
        server.goes_on();
    }
    let error = failed(&mut eye).await.to_string();
    assert!(error.contains("ended its stream"), "{error}");
}

#[tokio::test]
async fn what_is_no_stream_is_said() {
    for (does, expected) in [
        (Does::Answers("200 OK", "image/jpeg", picture(64)), "`snapshot`"),
        (Does::Answers("200 OK", "text/html", Bytes::new()), "text/html"),
    ] {
        let server = Server::start(does).await;
        let eye = opened(&format!("mjpeg = \"{}\"", server.url()));

        let error = refused(eye).await.to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn the_track_of_an_rtsp_stream_that_is_mjpeg_is_shown() {
    let server = RtspServer::start("JPEG").await;
    let password = password("sesame");
    let login = format!("username = \"admin\", password_file = \"{}\"", path(&password));
    let mut eye = opened(&format!("rtsp = \"{}\", {login}", server.url()));

    let frame = seen(&mut eye).await;

    assert_eq!(pixels(&frame.jpeg), pixels(&rtsp::picture()));
    let first = eye.0.look().unwrap().moment.at;
    while eye.0.look().unwrap().moment.at == first {
        next(&mut eye).await;
    }
    drop(server);
    assert!(matches!(failed(&mut eye).await, CameraError::Failed(_) | CameraError::Unreachable(_)));
}

#[tokio::test]
async fn an_rtsp_stream_that_cannot_be_used_is_said_to_be() {
    let (jpeg, h264) = (RtspServer::start("JPEG").await, RtspServer::start("H264").await);
    let (right, wrong) = (password("sesame"), password("wrong"));
    let with = |password| format!("username = \"admin\", password_file = \"{}\"", path(password));

    for (url, login, expected) in [
        (jpeg.url(), with(&wrong), "refuses the user"),
        (jpeg.url(), "fps = 10".to_owned(), "wants a login"),
        (h264.url(), with(&right), "no MJPEG track, only h264"),
        ("rtsp://127.0.0.1:1/".to_owned(), with(&right), "cannot reach the camera"),
    ] {
        let error = refused(opened(&format!("rtsp = \"{url}\", {login}"))).await.to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// What this camera shows, from now on.
fn opened(table: &str) -> (Eye, JoinSet<()>) {
    let camera = fitted(table);
    match camera.source.clone() {
        Source::Snapshot(network) => driven(Snapshot::new(network, &camera)),
        Source::Mjpeg(network) => driven(Mjpeg::new(network, &camera)),
        Source::Rtsp(network) => driven(Rtsp::new(network, &camera)),
        Source::Device(_) => unreachable!("it is not on the network"),
    }
}

fn driven(source: impl FrameSource) -> (Eye, JoinSet<()>) {
    let (film, eye) = feed();
    let mut tasks = JoinSet::new();
    tasks.spawn(async {
        let Ok(()) = drive(source, film, CancellationToken::new()).await;
    });

    (eye, tasks)
}

fn fitted(table: &str) -> Fitted {
    #[derive(serde::Deserialize)]
    struct Gate {
        camera: Camera,
    }

    let Gate { camera } = toml::from_str(&format!("camera = {{ {table} }}")).unwrap();
    let Camera::Fitted(camera) = camera else { unreachable!("it is a table") };
    camera
}

/// What the camera sees as soon as it sees anything.
async fn seen((eye, _): &mut (Eye, JoinSet<()>)) -> Frame {
    let see = async {
        loop {
            if let Ok(shot) = eye.look() {
                return shot.develop().await.unwrap();
            }
            eye.health_changed().await;
        }
    };

    timeout(PATIENCE, see).await.expect("the camera shows something in time")
}

/// Waits for another frame.
async fn next((eye, _): &mut (Eye, JoinSet<()>)) {
    let Eye::Open { latest, .. } = eye else { unreachable!("it is driven") };

    timeout(PATIENCE, latest.changed()).await.expect("a frame comes in time").unwrap();
}

/// Why the camera shows nothing, once it does not.
async fn failed((eye, _): &mut (Eye, JoinSet<()>)) -> CameraError {
    let fail = async {
        loop {
            match eye.health() {
                Ok(()) | Err(CameraError::Starting) => eye.health_changed().await,
                Err(error) => return error,
            }
        }
    };

    timeout(PATIENCE, fail).await.expect("the camera fails in time")
}

async fn refused(mut camera: (Eye, JoinSet<()>)) -> CameraError {
    failed(&mut camera).await
}

fn password(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "{text}").unwrap();

    file
}

fn path(file: &NamedTempFile) -> String {
    file.path().display().to_string()
}

fn pixels(jpeg: &[u8]) -> Vec<u8> {
    use zune_jpeg::{JpegDecoder, zune_core::bytestream::ZCursor};

    JpegDecoder::new(ZCursor::new(jpeg)).decode().unwrap()
}

fn picture(side: u16) -> Bytes {
    let pixels = vec![side as u8; usize::from(side) * usize::from(side)];
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 80)
        .encode(&pixels, side, side, jpeg_encoder::ColorType::Luma)
        .unwrap();

    jpeg.into()
}
