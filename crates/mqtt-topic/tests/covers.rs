//! What one filter covers, against every name of a small world.

use mqtt_topic::{covers, is_filter, is_name, matches};
use proptest::prelude::*;

/// The levels of names. `z` is in no filter: it tells a wildcard from a list of all that there is.
const LEVELS: [&str; 5] = ["a", "b", "", "$s", "z"];
/// One level more than the filters have, for those that end in `#`.
const DEEPEST: usize = 4;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_filter_covers_another_if_it_matches_all_that_the_other_matches(
        granted in filters(), requested in filters()
    ) {
        let missed = names()
            .into_iter()
            .find(|name| matches(&requested, name) && !matches(&granted, name));

        prop_assert_eq!(
            covers(&granted, &requested), missed.is_none(),
            "{} {}: {:?}", granted, requested, missed
        );
    }

    #[test]
    fn a_filter_covers_itself(filter in filters()) {
        prop_assert!(covers(&filter, &filter));
    }

    #[test]
    fn a_name_is_covered_by_what_matches_it(filter in filters(), name in prop::sample::select(names())) {
        prop_assert_eq!(covers(&filter, &name), matches(&filter, &name));
    }
}

fn filters() -> impl Strategy<Value = String> {
    let level = prop::sample::select(vec!["a", "b", "", "$s", "+", "+"]);

    (prop::collection::vec(level, 1..=3), any::<bool>())
        .prop_map(|(mut levels, open)| {
            if open {
                levels.pop();
                levels.push("#");
            }
            levels.join("/")
        })
        .prop_filter("a filter", |text| is_filter(text))
}

fn names() -> Vec<String> {
    let mut names = Vec::new();
    let mut above: Vec<String> = LEVELS.iter().map(|level| (*level).to_owned()).collect();

    for _ in 0..DEEPEST {
        names.extend(above.iter().filter(|name| is_name(name)).cloned());
        above = above
            .iter()
            .flat_map(|name| LEVELS.iter().map(move |level| format!("{name}/{level}")))
            .collect();
    }
    names
}
