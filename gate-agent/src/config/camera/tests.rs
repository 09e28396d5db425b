//! Which words and tables are cameras, and why others are not.

use std::io::Write;

use super::*;

#[test]
fn a_camera_is_a_word_or_a_table() {
    assert_eq!(read("camera = \"none\"").unwrap(), Camera::None);
    assert_eq!(read("camera = \"simulated\"").unwrap(), Camera::Simulated);
    for (text, described) in [
        ("camera = { device = 2 }", "/dev/video2"),
        (
            "camera = { device = \"/dev/v4l/by-id/x\", width = 640, height = 480 }",
            "/dev/v4l/by-id/x",
        ),
        ("camera = { snapshot = \"http://10.0.0.9/a.jpg?channel=1\" }", "http://10.0.0.9/a.jpg"),
        ("camera = { mjpeg = \"http://cam:8080/v\" }", "http://cam:8080/v"),
        ("camera = { rtsp = \"rtsp://10.0.0.9/s2\", fps = 5 }", "rtsp://10.0.0.9/s2"),
    ] {
        let camera = read(text).unwrap();
        camera.validate("gates.g.camera").unwrap();
        assert_eq!(camera.describe(), described);
    }
}

#[test]
fn a_camera_on_the_network_has_a_login_from_a_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"sesame\n").unwrap();
    let text = format!(
        "camera = {{ rtsp = \"rtsp://c/s\", username = \"admin\", password_file = \"{}\" }}",
        file.path().display()
    );

    let camera = read(&text).unwrap();

    camera.validate("gates.g.camera").unwrap();
    assert!(!format!("{camera:?}").contains("sesame"));
}

#[test]
fn what_is_no_camera_is_refused_with_the_reason() {
    for (text, reason) in [
        ("camera = \"usb\"", "\"simulated\""),
        ("camera = 3", "a table such as"),
        ("camera = {}", "say one of `device`, `snapshot`, `mjpeg` and `rtsp`"),
        ("camera = { device = 0, rtsp = \"rtsp://c/s\" }", "say one of"),
        ("camera = { device = 0, username = \"a\" }", "has no `username`"),
        ("camera = { devise = 0 }", "unknown field `devise`"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_by_its_key() {
    for (table, key, reason) in [
        ("device = \"\"", "device", "/dev/v4l/by-id"),
        ("device = 0, width = 1", "width", "between 16"),
        ("device = 0, fps = 0", "fps", "between 1"),
        ("device = 0, max_bytes = 1", "max_bytes", "between 10000"),
        ("snapshot = \"10.0.0.9\"", "snapshot", "no URL"),
        ("snapshot = \"ftp://c/a.jpg\"", "snapshot", "http:// or https://"),
        ("snapshot = \"http://a:b@c/a.jpg\"", "snapshot", "`password_file`"),
        ("snapshot = \"http://c/?usr=a&PWD=b\"", "snapshot", "`password_file`"),
        ("mjpeg = \"rtsp://c/s\"", "mjpeg", "http://"),
        ("rtsp = \"http://c/s\"", "rtsp", "rtsp://"),
        ("snapshot = \"https://c/a.jpg\"", "ca", "whom to believe"),
        ("snapshot = \"http://c/a.jpg\", ca = \"x\"", "ca", "no TLS"),
        ("snapshot = \"https://c/a.jpg\", ca = \"/nowhere\"", "ca", "/nowhere"),
        ("rtsp = \"rtsp://c\", username = \"a\"", "password_file", "name its file"),
        ("rtsp = \"rtsp://c\", password_file = \"a\"", "username", "nobody whose"),
        (
            "rtsp = \"rtsp://c\", username = \"a\", password_file = \"/nowhere\"",
            "password_file",
            "/nowhere",
        ),
    ] {
        let camera = read(&format!("camera = {{ {table} }}")).unwrap();
        let error = camera.validate("gates.g.camera").unwrap_err().to_string();
        assert!(error.contains(&format!("`gates.g.camera.{key}`")), "{table}: {error}");
        assert!(error.contains(reason), "{table}: {error}");
    }
}

fn read(text: &str) -> Result<Camera, toml::de::Error> {
    #[derive(Deserialize)]
    struct Gate {
        camera: Camera,
    }

    toml::from_str::<Gate>(text).map(|gate| gate.camera)
}
