//! Topic names and filters (4.7): which strings are any, and which filter matches which name.

/// Whether a message may be published to it: something, and no wildcards.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['+', '#'])
}

/// Whether it may be subscribed to: `+` and `#` each fill a level, and `#` the last one.
pub(crate) fn is_filter(text: &str) -> bool {
    let deepest = text.split('/').count() - 1;

    !text.is_empty()
        && text.split('/').enumerate().all(|(depth, level)| match level {
            "+" => true,
            "#" => depth == deepest,
            _ => !level.contains(['+', '#']),
        })
}

/// Whether it is a filter of a shared subscription (4.8.2).
pub(crate) fn is_shared(filter: &str) -> bool {
    filter.starts_with("$share/")
}

/// The group and the filter of a shared subscription (4.8.2).
pub(crate) fn shared(filter: &str) -> Option<(&str, &str)> {
    let (group, filter) = filter.strip_prefix("$share/")?.split_once('/')?;

    (!group.is_empty() && !group.contains(['+', '#']) && is_filter(filter))
        .then_some((group, filter))
}

/// Whether it is one of the server's own, which wildcards at the front do not match (4.7.2).
pub(crate) fn is_reserved(name: &str) -> bool {
    name.starts_with('$')
}

/// Whether `filter` matches `name`. Both are valid UTF-8, of which `/` is never a part.
pub(crate) fn matches(filter: &[u8], name: &[u8]) -> bool {
    if name.starts_with(b"$") && filter.starts_with(b"$") != name.starts_with(b"$") {
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
            assert!(matches(filter.as_bytes(), name.as_bytes()), "{filter} {name}");
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
            assert!(!matches(filter.as_bytes(), name.as_bytes()), "{filter} {name}");
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
}
