//! A USB camera with MJPEG: its frames, its cable, and what it does when it hangs.

use std::{fs, path::Path, time::Duration};

use site_sim::Scene;
use tempfile::TempDir;

use crate::{plugged::Plugged, rig::Gate};

const FRAMES: usize = 20;
const CAMERA: &str = "{ device = \"/dev/v4l/by-id/camera\", width = 640, height = 360, fps = 5 }";

#[test]
#[ignore = "make test-hardware"]
#[expect(clippy::print_stdout, reason = "a figure for whoever wants to know")]
fn frames_are_passed_on_as_they_are_and_none_is_old() {
    let mut camera = UsbCamera::plug();
    let mut gate = Gate::with(&camera.config());

    for _ in 0..5 {
        let sent = camera.number();
        let (_, picture) = gate.capture();
        let shown = camera.frames.iter().position(|frame| *frame == picture);
        let shown = shown.expect("it is one of the camera's, to the last byte");
        // Counted from the frame that was being sent before anybody asked for a picture.
        let ahead = (shown + FRAMES / 2 + FRAMES - sent % FRAMES) % FRAMES;
        println!("the picture is {} frames old", FRAMES as i64 / 2 - ahead as i64);
        assert!(ahead + 3 >= FRAMES / 2, "what is being sent, and two frames");
        show("usb.jpg", &picture);
    }
}

#[test]
#[ignore = "make test-hardware"]
fn a_camera_that_is_unplugged_is_found_again() {
    let mut camera = UsbCamera::plug();
    let mut gate = Gate::with(&camera.config());
    gate.capture();

    for _ in 0..3 {
        camera.cable.obey("unplug");
        let reason = gate.camera_is("disconnected");
        assert!(reason.contains("unplugged") || reason.contains("No such"), "{reason}");
        camera.cable.obey("plug");
        gate.camera_is("ready");
        gate.capture();
    }
}

#[test]
#[ignore = "make test-hardware"]
fn a_camera_that_stalls_is_opened_anew() {
    let mut camera = UsbCamera::plug();
    let mut gate = Gate::with(&camera.config());
    gate.capture();

    camera.cable.obey("stall");
    let reason = gate.camera_is("error");
    assert!(reason.contains("delivers no frames"), "{reason}");
    camera.cable.obey("flow");
    gate.camera_is("ready");
    gate.capture();
}

/// A USB camera that is a program.
struct UsbCamera {
    cable: Plugged,
    frames: Vec<Vec<u8>>,
    _dir: TempDir,
}

impl UsbCamera {
    fn plug() -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let frames: Vec<Vec<u8>> = (0..FRAMES).map(frame).collect();
        for (n, frame) in frames.iter().enumerate() {
            fs::write(dir.path().join(format!("{n:03}.jpg")), frame).expect("a frame is written");
        }

        Self { cable: Plugged::start("usb_camera.py", [dir.path()]), frames, _dir: dir }
    }

    fn config(&self) -> String {
        // Nobody makes the links of /dev/v4l/by-id here: there is no udev.
        let file = e2e::eventually("the camera has a file", video_of_uvc);
        CAMERA.replace("/dev/v4l/by-id/camera", &file)
    }

    /// Which frame is being sent.
    fn number(&mut self) -> usize {
        let line = self.cable.answer("number");

        line.strip_prefix("number ").and_then(|text| text.parse().ok()).expect("it is a number")
    }
}

/// The first file of the camera that `uvcvideo` drives.
fn video_of_uvc() -> Option<String> {
    let mut files: Vec<_> = fs::read_dir("/sys/class/video4linux").ok()?.flatten().collect();
    files.sort_by_key(fs::DirEntry::file_name);
    let is_uvc = |file: &fs::DirEntry| {
        let name = fs::read_to_string(file.path().join("name"));
        name.is_ok_and(|name| name.contains("Test camera"))
    };

    let file = files.iter().find(|file| is_uvc(file))?;
    Some(format!("/dev/{}", file.file_name().display()))
}

fn frame(n: usize) -> Vec<u8> {
    Scene {
        gate: "usb".to_owned(),
        time: format!("frame {n}"),
        elapsed: Duration::from_millis(100) * u32::try_from(n).unwrap_or(0),
        vehicle: Some(n as f32 / FRAMES as f32),
        opening: 0.0,
    }
    .render()
}

/// Leaves a picture to be looked at, where there is a place for it.
pub(crate) fn show(name: &str, picture: &[u8]) {
    // The place is that of `test-hardware/run`: target/hardware/shared.
    let _ = fs::write(Path::new("/mnt").join(name), picture);
}
