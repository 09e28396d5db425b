//! The dashboard, where this build has one.

use crate::rig::{Reply, Site};

/// Its pages.
const PAGES: [&str; 6] = ["/", "/gate/gate_in", "/events", "/charts", "/admin", "/login"];

#[tokio::test]
async fn every_page_of_the_app_is_the_app_and_is_never_kept() {
    let site = Site::start().await;

    let answers = all(&site, &PAGES).await;

    for (path, page) in PAGES.iter().zip(&answers) {
        assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        is_strict(page);
        assert_eq!(page.body, answers[0].body, "{path}");
    }
    let html = answers[0].text();
    if answers[0].status == 404 {
        assert!(html.contains("make dashboard"), "{html}");
    } else {
        assert_eq!(answers[0].status, 200);
        // The policy holds for what is inside the page as well.
        assert!(!html.contains("<script>") && !html.contains("<style") && !html.contains("style="));
    }
}

#[tokio::test]
async fn a_path_that_is_none_of_the_app_is_not_taken_for_one() {
    let site = Site::start().await;

    for path in
        ["/gate", "/gate/a/b", "/events/1", "/assets/none.js", "/index.html", "/events/../x"]
    {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["error"], "not_found", "{path}");
    }
}

#[tokio::test]
async fn what_the_page_loads_is_compressed_and_kept_for_ever() {
    let site = Site::start().await;
    let page = site.get("/").await;
    if page.status == 404 {
        return;
    }

    let icon = site.get("/icon.svg").await;
    assert_eq!((icon.status, icon.header("cache-control")), (200, Some("no-cache")));
    assert_eq!(icon.header("content-type"), Some("image/svg+xml"));
    let html = page.text();
    let loaded: Vec<&str> = html.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert!(loaded.len() >= 2, "a script and a style: {html}");
    for path in loaded {
        let plain = site.get(path).await;
        assert_eq!(plain.status, 200, "{path}");
        assert_eq!(plain.header("content-encoding"), None);
        let caching = plain.header("cache-control").expect("it says how long to keep it");
        assert!(caching.contains("immutable"), "{caching}");
        is_strict(&plain);

        for encoding in ["gzip", "br"] {
            let answer =
                site.get_with(path, &[("Host", "localhost"), ("Accept-Encoding", encoding)]).await;
            assert_eq!(answer.header("content-encoding"), Some(encoding), "{path}");
            assert_eq!(answer.header("vary"), Some("accept-encoding"));
            assert!(answer.body.len() < plain.body.len(), "{path} as {encoding}");
        }
        let tag = plain.header("etag").expect("a file has a tag");
        let known = site.get_with(path, &[("Host", "localhost"), ("If-None-Match", tag)]).await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
    }
}

async fn all(site: &Site, paths: &[&str]) -> Vec<Reply> {
    let mut answers = Vec::new();
    for path in paths {
        answers.push(site.get(path).await);
    }

    answers
}

fn is_strict(answer: &Reply) {
    let policy = answer.header("content-security-policy").expect("it has a policy");

    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}
