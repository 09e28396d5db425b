//! Text, as it is written in HTML.

/// Nothing in it is markup.
pub(super) fn text(plain: &str) -> String {
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// In the letters of a typewriter.
pub(super) fn code(plain: &str) -> String {
    format!("<code>{}</code>", text(plain))
}

/// A description: what stands between backticks is code.
pub(super) fn prose(description: &str) -> String {
    description
        .split('`')
        .enumerate()
        .map(|(at, part)| if at % 2 == 1 { code(part) } else { text(part) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(
            prose("a < b & `<script>` \"c\""),
            "a &lt; b &amp; <code>&lt;script&gt;</code> &quot;c&quot;"
        );
    }
}
