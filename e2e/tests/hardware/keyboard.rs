//! A USB card reader that types: its cards, and its cable.

use std::{fs, path::Path};

use e2e::{Listener, Site, Wanted, eventually};

use crate::plugged::Plugged;

#[test]
#[ignore = "make test-hardware"]
fn cards_of_a_usb_reader_are_detected_and_it_is_found_again_when_it_was_unplugged() {
    let mut reader = Plugged::start("usb_keyboard.py", [""; 0]);
    // Nobody makes the links of /dev/input/by-id here: there is no udev.
    let device = eventually("the reader has a file", event_of_reader);
    let site = Site::configured(&toml(&device), &["gate_in"]);
    let mut watcher = site.dashboard("gate_in");

    for (typed, card_id) in [("0006547886", "0063E9AE"), ("0003808980", "003A1ED4")] {
        watcher.hears(&Wanted::a("hardware_status").with("card_reader.connected", true));
        reader.obey(&format!("type {typed}"));
        watcher.hears(&Wanted::a("card_detected").with("card_id", card_id));

        reader.obey("unplug");
        watcher.hears(&Wanted::a("hardware_status").with("card_reader.connected", false));
        reader.obey("plug");
        // Its file has the number that was given back.
        assert_eq!(eventually("the reader is back", event_of_reader), device);
    }
}

fn toml(device: &str) -> String {
    format!(
        "[gates.gate_in]\n\
         barrier = {{ port = \"simulated\" }}\n\
         [gates.gate_in.card_reader]\n\
         port = {{ hid = \"{device}\" }}\n\
         number = \"hex\"\n\
         sent_as = \"decimal\"\n\
         bytes = 4\n"
    )
}

/// Where its keys come from.
fn event_of_reader() -> Option<String> {
    fs::read_dir("/sys/class/input").ok()?.flatten().find_map(|file| {
        let name = fs::read_to_string(file.path().join("device/name")).ok()?;
        let node = Path::new("/dev/input").join(file.file_name());
        let is_reader = name.contains("Test card reader") && node.exists();

        is_reader.then(|| node.display().to_string())
    })
}
