//! Cameras, as the kernel lists them (Linux).

use std::{fs, path::Path};

use super::{Device, access, by_id};

/// What a device that has pictures is taken for.
pub(super) const CAMERA: &str = "a camera";

/// The video devices below `root`.
pub(crate) fn cameras(root: &Path) -> Vec<Device> {
    let Ok(entries) = root.join("sys/class/video4linux").read_dir() else { return Vec::new() };
    let mut found: Vec<Device> = entries
        .filter_map(|entry| camera(root, &entry.ok()?.file_name().into_string().ok()?))
        .collect();
    found.sort_by_key(|device| device.node.clone());

    found
}

fn camera(root: &Path, video: &str) -> Option<Device> {
    let about = root.join("sys/class/video4linux").join(video);
    let text =
        |file: &str| fs::read_to_string(about.join(file)).unwrap_or_default().trim().to_owned();
    let node = root.join("dev").join(video);
    if !video.starts_with("video") {
        return None;
    }

    let name = by_id(&root.join("dev/v4l/by-id"), &node);
    let guess = match text("index").as_str() {
        "0" | "" => CAMERA,
        _ => "belongs to the camera before it, and has no pictures as a rule",
    };

    Some(Device {
        name: name.unwrap_or_else(|| node.clone()).display().to_string(),
        label: text("name"),
        guess: guess.to_owned(),
        trouble: access::trouble(&node),
        node,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_node_of_a_camera_is_not_taken_for_one() {
        let root = tempfile::tempdir().unwrap();
        for (video, index) in [("video1", "1"), ("video0", "0")] {
            let about = root.path().join("sys/class/video4linux").join(video);
            fs::create_dir_all(&about).unwrap();
            fs::write(about.join("name"), "HD Webcam C270\n").unwrap();
            fs::write(about.join("index"), format!("{index}\n")).unwrap();
        }

        let found = cameras(root.path());

        assert_eq!(found[0].guess, "a camera");
        assert_eq!(found[0].label, "HD Webcam C270");
        assert!(found[1].guess.starts_with("belongs to"), "{}", found[1].guess);
    }
}
