//! Figures as Prometheus reads them: its text format, version 0.0.4.

use std::fmt::{self, Display, Write};

/// What a figure does as time goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It is what is the case now.
    Gauge,
    /// How often values were how large.
    Histogram,
}

impl Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// Appends one figure to the text of all: what it is, of which kind, and its value.
pub fn metric(text: &mut String, name: &str, help: &str, kind: Kind, value: u64) {
    family(text, name, help, kind);
    sample(text, name, &[], value);
}

/// Appends what a figure is that has several samples, which follow.
pub fn family(text: &mut String, name: &str, help: &str, kind: Kind) {
    writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}")
        .expect("a string takes all that is written");
}

/// Appends one sample of a figure, by its labels.
pub fn sample(text: &mut String, name: &str, labels: &[(&str, &str)], value: impl Display) {
    text.push_str(name);
    for (place, (label, is)) in labels.iter().enumerate() {
        let before = if place == 0 { '{' } else { ',' };
        write!(text, "{before}{label}=\"{}\"", escaped(is)).expect("a string takes all");
    }

    let after = if labels.is_empty() { "" } else { "}" };
    writeln!(text, "{after} {value}").expect("a string takes all that is written");
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_three_lines_or_one_for_each_sample() {
        let mut text = String::new();
        metric(&mut text, "a_total", "What it is", Kind::Counter, 7);
        family(&mut text, "b", "Another", Kind::Gauge);
        sample(&mut text, "b", &[("x", "1"), ("y", "a\"b\\c\nd")], 0.5);

        assert_eq!(
            text,
            "# HELP a_total What it is.\n# TYPE a_total counter\na_total 7\n\
             # HELP b Another.\n# TYPE b gauge\nb{x=\"1\",y=\"a\\\"b\\\\c\\nd\"} 0.5\n"
        );
    }
}
