//! Keyboards, and readers that say they are one: as the kernel lists them (Linux).

use std::{fs, path::Path};

use super::{Device, access, by_id};

const KEY_1: usize = 2;
const KEY_0: usize = 11;
const KEY_A: usize = 30;
const KEY_ENTER: usize = 28;
const KEY_F12: usize = 88;
/// What readers call themselves.
const READERS: [&str; 8] = ["rfid", "reader", "card", "sycreader", "nfc", "em4", "wedge", "id&ic"];

/// The devices below `root` that have digits and Enter, probable readers first.
pub(crate) fn keyboards(root: &Path) -> Vec<Device> {
    let Ok(entries) = root.join("sys/class/input").read_dir() else { return Vec::new() };
    let mut found: Vec<(bool, Device)> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.starts_with("event").then(|| keyboard(root, &name)).flatten()
        })
        .collect();
    found.sort_by_key(|(is_reader, device)| (!is_reader, device.node.clone()));

    found.into_iter().map(|(_, device)| device).collect()
}

fn keyboard(root: &Path, event: &str) -> Option<(bool, Device)> {
    let about = root.join("sys/class/input").join(event).join("device");
    let text =
        |file: &str| fs::read_to_string(about.join(file)).unwrap_or_default().trim().to_owned();
    let keys = bits(&text("capabilities/key"));
    let has = |key: usize| keys.contains(&key);
    if !(has(KEY_1) && has(KEY_0) && has(KEY_ENTER)) {
        return None;
    }

    let node = root.join("dev/input").join(event);
    let name = by_id(&root.join("dev/input/by-id"), &node).unwrap_or_else(|| node.clone());
    let label = text("name");
    let is_named = READERS.iter().any(|word| label.to_lowercase().contains(word));
    let is_bare = !has(KEY_A) || !has(KEY_F12);
    let guess = match (is_named, is_bare) {
        (true, _) => "probably a card reader",
        (false, true) => "perhaps a card reader: it has few keys",
        (false, false) => {
            "a keyboard, or a card reader that has all keys; `manless reader listen` shows what it types"
        }
    };
    let device = Device {
        name: name.display().to_string(),
        label: format!("{}:{} {label}", text("id/vendor"), text("id/product")),
        guess: guess.to_owned(),
        trouble: access::trouble(&node),
        node,
    };

    Some((is_named || is_bare, device))
}

/// The numbers of the bits that are set in words of 64, the highest word first.
fn bits(words: &str) -> Vec<usize> {
    let words = words.split_whitespace().rev().map(|word| u64::from_str_radix(word, 16));

    words
        .enumerate()
        .flat_map(|(n, word)| {
            let word = word.unwrap_or(0);
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| 64 * n + bit)
        })
        .collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// As Linux 6.1 lists a reader with the chip of Sycreader, and a power button.
    #[test]
    fn a_reader_is_known_by_its_name_and_called_by_its_link() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        list(
            root,
            "event3",
            "Sycreader RFID Technology Co., Ltd SYC ID&IC USB Reader",
            "e080ffdf01cfffff fffffffffffffffe",
        );
        list(root, "event0", "Power Button", "10000000000000 0");
        list(
            root,
            "event1",
            "AT Translated Set 2 keyboard",
            "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe",
        );
        let by_id = root.join("dev/input/by-id");
        fs::create_dir_all(&by_id).unwrap();
        symlink("../event3", by_id.join("usb-Sycreader-event-kbd")).unwrap();

        let found = keyboards(root);

        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].guess, "probably a card reader");
        assert!(found[0].name.ends_with("/by-id/usb-Sycreader-event-kbd"), "{}", found[0].name);
        assert_eq!(found[0].node, root.join("dev/input/event3"));
        assert!(found[0].label.starts_with("ffff:0035 Sycreader"), "{}", found[0].label);
        assert!(found[1].guess.starts_with("a keyboard"), "{}", found[1].guess);
    }

    fn list(root: &Path, event: &str, name: &str, keys: &str) {
        let about = root.join("sys/class/input").join(event).join("device");
        for (file, text) in [
            ("name", name),
            ("capabilities/key", keys),
            ("id/vendor", "ffff"),
            ("id/product", "0035"),
        ] {
            let file = about.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, format!("{text}\n")).unwrap();
        }
        fs::create_dir_all(root.join("dev/input")).unwrap();
        fs::write(root.join("dev/input").join(event), "").unwrap();
    }
}
