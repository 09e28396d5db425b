//! Names, filters and shared filters against a slow model of what the standard says (4.7, 4.8.2).

use mqtt_topic::{covers, is_filter, is_name, is_reserved, matches, shared};

/// Splits `bytes` into two filters and a name, and asks everything about them.
///
/// # Panics
///
/// Crate and model disagree.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut parts = text.splitn(3, '\n');
    let mut next = || parts.next().unwrap_or_default();
    let (filter, narrower, name) = (next(), next(), next());

    assert_eq!(is_filter(filter), model::is_filter(filter), "{filter:?}");
    assert_eq!(shared(filter), model::shared(filter), "{filter:?}");
    if !is_filter(filter) {
        return;
    }
    if is_name(name) {
        assert_eq!(matches(filter, name), model::matches(filter, name), "{filter:?} {name:?}");
    }
    if is_filter(narrower) && covers(filter, narrower) {
        assert!(covers(filter, filter) && covers(narrower, narrower));
        let witnesses = model::witnesses(narrower);
        for name in witnesses.iter().map(String::as_str).chain(is_name(name).then_some(name)) {
            let reaches = matches(narrower, name) && !matches(filter, name);
            assert!(!reaches, "{filter:?} does not cover {narrower:?}: {name:?}");
        }
    }
    // The model's own words are these.
    let is_plain = !text.contains(|c: char| c < '\n');
    if is_plain && is_filter(narrower) && !covers(filter, narrower) {
        let witnesses = model::witnesses(narrower);
        let is_missed = witnesses.iter().any(|name| !matches(filter, name));
        assert!(is_missed, "{filter:?} covers {narrower:?}, as far as one can see");
    }
    assert_eq!(is_reserved(filter), filter.starts_with('$'));
}

/// As the standard has it, and no faster.
mod model {
    pub(super) fn is_filter(filter: &str) -> bool {
        let levels: Vec<&str> = filter.split('/').collect();
        let wildcards = |level: &str| level.chars().filter(|c| matches!(c, '+' | '#')).count();
        let alone = levels.iter().all(|level| wildcards(level) == 0 || level.len() == 1);
        let hash = levels.iter().position(|level| *level == "#");

        !filter.is_empty() && alone && hash.is_none_or(|at| at + 1 == levels.len())
    }

    pub(super) fn shared(filter: &str) -> Option<(&str, &str)> {
        let levels: Vec<&str> = filter.split('/').collect();
        let [share, group, first, ..] = levels[..] else { return None };
        let rest = &filter[share.len() + group.len() + 2..];
        let is_shared = share == "$share"
            && !group.is_empty()
            && !group.contains(['+', '#'])
            && is_filter(rest)
            && !(first == "$share" && levels.len() > 3);

        is_shared.then_some((group, rest))
    }

    pub(super) fn matches(filter: &str, name: &str) -> bool {
        let at_root = filter.split('/').next().unwrap_or_default();
        if name.starts_with('$') && matches!(at_root, "+" | "#") {
            return false;
        }
        let (filter, name): (Vec<&str>, Vec<&str>) =
            (filter.split('/').collect(), name.split('/').collect());

        if let Some((&"#", parents)) = filter.split_last() {
            return name.len() >= parents.len() && same(parents, &name[..parents.len()]);
        }
        filter.len() == name.len() && same(&filter, &name)
    }

    fn same(filter: &[&str], name: &[&str]) -> bool {
        filter.iter().zip(name).all(|(level, actual)| *level == "+" || level == actual)
    }

    /// Names that a filter matches: its wildcards filled with words that nothing else has, and
    /// with nothing.
    pub(super) fn witnesses(filter: &str) -> Vec<String> {
        let filled = |plus: &str, hash: &str| {
            let levels = filter.split('/').map(|level| match level {
                "+" => plus,
                "#" => hash,
                _ => level,
            });
            levels.collect::<Vec<&str>>().join("/")
        };
        let parent = filter.strip_suffix("/#").map(|parent| parent.replace('+', "\u{1}"));

        ["\u{1}", ""]
            .into_iter()
            .flat_map(|plus| {
                ["\u{2}", "\u{2}/\u{3}", "\u{2}/\u{3}/\u{4}/\u{5}/\u{6}/\u{7}/\u{8}/\u{9}", ""]
                    .map(|hash| filled(plus, hash))
            })
            .chain(parent)
            .filter(|name| !name.is_empty() && mqtt_topic::matches(filter, name))
            .collect()
    }
}
