//! The kernel's test camera, which has no MJPEG.

use std::process::Command;

use crate::rig::Gate;

const CAMERA: &str = "{ device = \"/dev/video0\", width = 640, height = 360 }";

#[test]
#[ignore = "make test-hardware"]
fn a_camera_that_compresses_nothing_gives_pictures() {
    let mut gate = Gate::with(CAMERA);

    let (said, picture) = gate.capture();

    assert_eq!([&said["width"], &said["height"]], [640, 360]);
    assert!(picture.starts_with(&[0xff, 0xd8]) && picture.ends_with(&[0xff, 0xd9]));
    crate::usb::show("vivid.jpg", &picture);
}

#[test]
#[ignore = "make test-hardware"]
fn a_camera_that_was_left_in_a_bad_state_is_opened_all_the_same() {
    // Half a frame a second too many, in a format that is not used here.
    let left = Command::new("v4l2-ctl")
        .args(["-d", "/dev/video0", "--set-fmt-video=pixelformat=UYVY,width=320,height=180"])
        .arg("--set-parm=12.5")
        .output();
    assert!(left.is_ok_and(|left| left.status.success()), "v4l2-ctl is there: v4l-utils");

    let mut gate = Gate::with(CAMERA);

    assert_eq!(gate.capture().0["width"], 640);
}

#[test]
#[ignore = "make test-hardware"]
fn a_camera_that_somebody_else_uses_is_said_to_be() {
    let mut first = Gate::with(CAMERA);
    first.capture();

    let mut second = Gate::without_waiting(CAMERA);

    assert!(second.camera_is("error").contains("is used by another program"));
}
