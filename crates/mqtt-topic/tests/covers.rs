//! What one filter covers: all filters of a small world, against all its names.

use mqtt_topic::{covers, is_filter, is_name, matches, overlap};

/// The levels of names. `z` is in no filter: it tells a wildcard from a list of all that there is.
const OF_NAMES: [&str; 5] = ["a", "b", "", "$s", "z"];
const OF_FILTERS: [&str; 6] = ["a", "b", "", "$s", "+", "#"];
/// Names have a level more than filters, for those that end in `#`.
const DEEPEST: usize = 3;

#[test]
fn a_filter_covers_another_if_it_matches_all_that_the_other_matches() {
    let names = all(&OF_NAMES, DEEPEST + 1, is_name);
    let filters: Vec<(String, Vec<bool>)> = all(&OF_FILTERS, DEEPEST, is_filter)
        .into_iter()
        .map(|filter| {
            let matched = names.iter().map(|name| matches(&filter, name)).collect();
            (filter, matched)
        })
        .collect();
    assert!(names.len() > 700 && filters.len() > 150);

    for (granted, granted_names) in &filters {
        for (requested, requested_names) in &filters {
            let mut wanted = requested_names.iter().zip(granted_names).zip(&names);
            let missed = wanted.find(|((wanted, granted), _)| **wanted && !**granted);

            assert_eq!(
                covers(granted, requested),
                missed.is_none(),
                "{granted} {requested}: {:?}",
                missed.map(|(_, name)| name)
            );
        }
    }
}

#[test]
fn a_name_is_covered_by_what_matches_it() {
    for filter in all(&OF_FILTERS, DEEPEST, is_filter) {
        for name in all(&OF_NAMES, DEEPEST, is_name) {
            assert_eq!(covers(&filter, &name), matches(&filter, &name), "{filter} {name}");
        }
    }
}

#[test]
fn filters_overlap_where_there_is_a_name_that_both_match() {
    let names = all(&OF_NAMES, DEEPEST + 1, is_name);
    let filters = all(&OF_FILTERS, DEEPEST, is_filter);

    for one in &filters {
        for other in &filters {
            let shared = names.iter().find(|name| matches(one, name) && matches(other, name));
            assert_eq!(overlap(one, other), shared.is_some(), "{one} {other}: {shared:?}");
        }
    }
}

/// All texts of up to so many of these levels.
fn all(levels: &[&str], deepest: usize, is_one: impl Fn(&str) -> bool) -> Vec<String> {
    let mut texts = Vec::new();
    let mut above: Vec<String> = levels.iter().map(|level| (*level).to_owned()).collect();

    for _ in 0..deepest {
        texts.extend(above.iter().filter(|text| is_one(text)).cloned());
        above = above
            .iter()
            .flat_map(|text| levels.iter().map(move |level| format!("{text}/{level}")))
            .collect();
    }
    texts
}
