//! The dashboard: what `make dashboard` built, compiled in (`build.rs`).
//!
//! | path | caching |
//! |---|---|
//! | the pages of the app: all of them `index.html`, and the app looks at its address | none: a gateway that was updated serves the app that belongs to it |
//! | `/assets/…`, whose names change with what is in them | for ever |
//! | the other files | asked for each time, by their tag |

use std::sync::LazyLock;

use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use sha2::{Digest, Sha256};

use super::{Site, reply};

include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// Where the app has a page (`dashboard/src/routes.ts`). Any other path is none of its own, and is
/// told so.
const PAGES: [&str; 6] = ["/", "/gate/{gate}", "/events", "/charts", "/admin", "/login"];
const INDEX: &str = "index.html";
/// Where files are whose names change with what is in them.
const HASHED: &str = "assets/";

/// Only what comes from here runs, talks and is shown, and nobody may put the app, with its
/// buttons, into a frame. It holds for scripts and styles inside the page as well: there are none.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

const WITHOUT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>No dashboard</title>\
                       <h1>This gateway was built without its dashboard</h1>\
                       <p>Everything else works. To have it: install Node.js 20, run \
                       <code>make dashboard</code>, and build the gateway again.</p></html>\n";

/// A file of the app, in every form that it is sent in.
#[derive(Debug)]
struct File {
    /// Below the directory of the app, without a slash in front.
    path: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

/// What tells whether a browser has a file: one for each of `FILES`.
static TAGS: LazyLock<Vec<HeaderValue>> =
    LazyLock::new(|| FILES.iter().map(|file| tag(file.plain)).collect());

/// The pages and files of the app.
pub(super) fn routes() -> Router<Site> {
    let pages = PAGES.iter().fold(Router::new(), |router, page| router.route(page, get(index)));

    FILES
        .iter()
        .filter(|file| file.path != INDEX)
        .fold(pages, |router, file| router.route(&format!("/{}", file.path), get(named)))
}

pub(super) async fn index(headers: HeaderMap) -> Response {
    match find(INDEX) {
        Some((file, tag)) => respond(file, tag, &headers),
        None => {
            let headers =
                [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")];
            (StatusCode::NOT_FOUND, headers, Html(WITHOUT)).into_response()
        }
    }
}

/// A file by its path.
pub(super) async fn named(uri: Uri, headers: HeaderMap) -> Response {
    match find(uri.path().trim_start_matches('/')) {
        Some((file, tag)) => respond(file, tag, &headers),
        None => reply::not_found().await,
    }
}

fn find(path: &str) -> Option<(&'static File, HeaderValue)> {
    FILES
        .iter()
        .zip(TAGS.iter())
        .find(|(file, _)| file.path == path)
        .map(|(file, tag)| (file, tag.clone()))
}

fn respond(file: &File, tag: HeaderValue, asked: &HeaderMap) -> Response {
    let common = [
        (header::CACHE_CONTROL, HeaderValue::from_static(caching(file.path))),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::ETAG, tag.clone()),
    ];
    if has(asked, &tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }

    let content_type = (header::CONTENT_TYPE, content_type(file.path));
    match encoded(file, asked) {
        Some((encoding, bytes)) => {
            (common, [content_type, (header::CONTENT_ENCODING, encoding)], bytes).into_response()
        }
        None => (common, [content_type], file.plain).into_response(),
    }
}

/// The smallest form that the browser takes, unless it is the plain one.
fn encoded(file: &File, asked: &HeaderMap) -> Option<(&'static str, &'static [u8])> {
    let brotli = file.brotli.filter(|_| takes(asked, "br")).map(|bytes| ("br", bytes));

    brotli.or_else(|| file.gzip.filter(|_| takes(asked, "gzip")).map(|bytes| ("gzip", bytes)))
}

/// Whether a browser says that it takes an encoding: by its name, and not with a quality of 0.
fn takes(asked: &HeaderMap, encoding: &str) -> bool {
    items(asked, header::ACCEPT_ENCODING).any(|item| {
        let (name, quality) = item.split_once(';').unwrap_or((item, ""));
        let quality = quality.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);

        name.trim().eq_ignore_ascii_case(encoding) && quality.is_ok_and(|quality| quality > 0.0)
    })
}

/// Whether the browser has the file with this tag.
fn has(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    items(asked, header::IF_NONE_MATCH).any(|item| {
        let known = item.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known).as_bytes() == tag.as_bytes()
    })
}

fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
}

fn caching(path: &str) -> &'static str {
    if path == INDEX {
        "no-store"
    } else if path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some("json" | "webmanifest") => "application/json",
        _ => "application/octet-stream",
    }
}

fn tag(bytes: &[u8]) -> HeaderValue {
    let digest: String =
        Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();

    HeaderValue::try_from(format!("\"{digest}\"")).expect("digits in quotes are a header")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: File = File {
        path: "assets/app-1.js",
        plain: b"let a = 1;",
        gzip: Some(b"gzip"),
        brotli: Some(b"br"),
    };

    #[test]
    fn the_smallest_form_that_a_browser_takes_is_sent() {
        for (accepted, sent) in [
            ("gzip, deflate, br, zstd", Some("br")),
            ("br;q=0, gzip;q=0.5", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("br; q=nonsense", None),
            ("brotli", None),
            ("identity", None),
            ("", None),
        ] {
            let asked = headers(header::ACCEPT_ENCODING, accepted);
            assert_eq!(encoded(&FILE, &asked).map(|(name, _)| name), sent, "{accepted}");
        }
        let small = File { gzip: None, brotli: None, ..FILE };
        assert_eq!(encoded(&small, &headers(header::ACCEPT_ENCODING, "br, gzip")), None);
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let tag = tag(FILE.plain);
        let known = tag.to_str().unwrap();

        for asked in [known.to_owned(), format!("\"other\", W/{known}"), "*".to_owned()] {
            let response = respond(&FILE, tag.clone(), &headers(header::IF_NONE_MATCH, &asked));
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{asked}");
        }
        let other = headers(header::IF_NONE_MATCH, "\"other\"");
        assert_eq!(respond(&FILE, tag, &other).status(), StatusCode::OK);
    }

    #[test]
    fn what_may_change_under_its_name_is_not_kept() {
        assert_eq!(caching("index.html"), "no-store");
        assert_eq!(caching("icon.svg"), "no-cache");
        assert!(caching("assets/index-abc.js").ends_with("immutable"));
    }

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }
}
