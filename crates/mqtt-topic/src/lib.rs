//! Topic names and filters (MQTT 5, 4.7): which strings are any, and which filter matches what.
//!
//! Sections are those of MQTT 5. Texts are valid UTF-8, of which `/` is never a part; where a
//! function compares two of them it takes bytes as well.

/// Whether a message may be published to it: something, and no wildcards.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['+', '#'])
}

/// Whether it may be subscribed to: `+` and `#` each fill a level, and `#` the last one.
pub fn is_filter(text: &str) -> bool {
    let deepest = depth(text) - 1;

    !text.is_empty()
        && text.split('/').enumerate().all(|(depth, level)| match level {
            "+" => true,
            "#" => depth == deepest,
            _ => !level.contains(['+', '#']),
        })
}

/// How many levels it has.
pub fn depth(text: &str) -> usize {
    text.split('/').count()
}

/// Whether it wants to be the filter of a shared subscription (4.8.2).
pub fn is_shared(filter: &str) -> bool {
    filter.starts_with(SHARE)
}

/// The group of a shared subscription, and the filter that its members share (4.8.2).
///
/// `None` where it is none, or not a valid one. A group within a group is none either.
pub fn shared(filter: &str) -> Option<(&str, &str)> {
    let (group, filter) = filter.strip_prefix(SHARE)?.split_once('/')?;

    (is_name(group) && is_filter(filter) && !is_shared(filter)).then_some((group, filter))
}

/// Whether it is one of the server's own, which wildcards at the front do not match (4.7.2).
pub fn is_reserved(name: &str) -> bool {
    name.starts_with('$')
}

/// Whether `filter` matches `name`.
pub fn matches(filter: impl AsRef<[u8]>, name: impl AsRef<[u8]>) -> bool {
    let (filter, name) = (filter.as_ref(), name.as_ref());
    if name.starts_with(b"$") && !filter.starts_with(b"$") {
        return false;
    }
    let (mut filter, mut name) = (levels(filter), levels(name));

    loop {
        match (filter.next(), name.next()) {
            (Some(b"#"), _) | (None, None) => return true,
            (Some(b"+"), Some(_)) => {}
            (Some(wanted), Some(level)) if wanted == level => {}
            (Some(_) | None, _) => return false,
        }
    }
}

/// Whether `granted` matches every name that `requested` matches. Both are filters.
pub fn covers(granted: &str, requested: &str) -> bool {
    if is_reserved(requested) && !is_reserved(granted) {
        return false;
    }
    let (mut granted, mut requested) =
        (levels(granted.as_bytes()), levels(with_a_name(requested).as_bytes()));

    loop {
        match (granted.next(), requested.next()) {
            (Some(b"#"), _) | (None, None) => return true,
            (Some(_) | None, Some(b"#")) => return false,
            (Some(b"+"), Some(_)) => {}
            (Some(given), Some(level)) if given == level => {}
            (Some(_) | None, _) => return false,
        }
    }
}

/// Whether there is a name that both filters match.
pub fn overlap(one: &str, other: &str) -> bool {
    if is_reserved(one) != is_reserved(other) {
        return false;
    }
    let (mut one, mut other) =
        (levels(with_a_name(one).as_bytes()), levels(with_a_name(other).as_bytes()));

    loop {
        match (one.next(), other.next()) {
            // What a `#` stands for may be nothing at all.
            (Some(b"#"), _) | (_, Some(b"#")) | (None, None) => return true,
            (Some(b"+"), Some(_)) | (Some(_), Some(b"+")) => {}
            (Some(level), Some(same)) if level == same => {}
            (Some(_) | None, _) => return false,
        }
    }
}

/// `a/#` matches `a`, but there is no name that is empty: these need another level.
fn with_a_name(filter: &str) -> &str {
    match filter {
        "#" => "+/#",
        "/#" => "/+/#",
        longer => longer,
    }
}

const SHARE: &str = "$share/";

fn levels(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_matches_what_the_standard_says() {
        for (filter, name) in [
            ("sport/tennis/#", "sport/tennis"),
            ("sport/tennis/#", "sport/tennis/player1/score"),
            ("#", "sport"),
            ("sport/+", "sport/"),
            ("+/+", "/finance"),
            ("/+", "/finance"),
            ("+/x", "é/x"),
            ("$SYS/#", "$SYS/broker/uptime"),
            ("$SYS/+/uptime", "$SYS/broker/uptime"),
        ] {
            assert!(matches(filter, name), "{filter} {name}");
        }
    }

    #[test]
    fn a_filter_does_not_match_what_the_standard_says() {
        for (filter, name) in [
            ("sport/+", "sport"),
            ("sport/+", "sport/tennis/player1"),
            ("+", "/finance"),
            ("#", "$SYS/broker/uptime"),
            ("+/broker/uptime", "$SYS/broker/uptime"),
            ("sport", "sports"),
            ("sport/tennis", "sport"),
        ] {
            assert!(!matches(filter, name), "{filter} {name}");
        }
    }

    #[test]
    fn a_wildcard_fills_a_level_and_a_hash_the_last() {
        for text in ["#", "+", "a/#", "+/a/#", "/", "a//b", "+/+", "$SYS/#", "é/+"] {
            assert!(is_filter(text), "refused {text}");
        }
        for text in ["", "a#", "#/a", "a/#/b", "a+", "+a/b", "a/b#"] {
            assert!(!is_filter(text), "accepted {text}");
        }
    }

    #[test]
    fn a_shared_subscription_has_a_group_and_a_filter() {
        assert_eq!(shared("$share/g/a/+/#"), Some(("g", "a/+/#")));
        assert_eq!(shared("$share/g//"), Some(("g", "/")));

        for text in [
            "a",
            "$share",
            "$share/",
            "$share/g",
            "$share/g/",
            "$share//a",
            "$share/+/a",
            "$share/g#/a",
            "$share/g/a#",
            "$share/g/$share/h/a",
            "$shared/g/a",
        ] {
            assert_eq!(shared(text), None, "{text}");
        }
    }

    #[test]
    fn a_wider_filter_covers_a_narrower_one() {
        for (granted, requested) in [
            ("#", "#"),
            ("#", "+/+"),
            ("+/#", "#"),
            ("/+/#", "/#"),
            ("parking/#", "parking"),
            ("parking/#", "parking/+/gate_control"),
            ("parking/+/gate_control", "parking/gate_in/gate_control"),
            ("$SYS/#", "$SYS/broker/+"),
        ] {
            assert!(covers(granted, requested), "{granted} {requested}");
        }
    }

    #[test]
    fn a_filter_that_reaches_further_is_not_covered() {
        for (granted, requested) in [
            ("parking/gate_in/+", "parking/+/gate_status"),
            ("parking/gate_in/+", "parking/gate_in/#"),
            ("parking/+/#", "parking/#"),
            ("parking/+", "#"),
            ("#", "$SYS/#"),
            ("+/broker", "$SYS/broker"),
            ("$SYS/#", "#"),
            ("+", "#"),
        ] {
            assert!(!covers(granted, requested), "{granted} {requested}");
        }
    }
}
