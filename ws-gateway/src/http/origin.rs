//! What a browser may ask for that shows somebody else's page.
//!
//! Such a page is not told anything under a name that is not ours (a name that its owner points to
//! our address): that matters where somebody may do something without a login, or the
//! configuration names our names. It may not open a WebSocket, and it may not post: a page can post a
//! form wherever it likes, but no JSON. Programs send no `Origin` and are not concerned.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, StatusCode, header},
    middleware::Next,
    response::Response,
};
use service::origin::{host_of, is_loopback, is_this_machine};

use super::{Site, login::JSON, reply};
use crate::config::Config;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Under which names the gateway answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Those of this machine, and those of the configuration.
    Ours,
    /// Ours, and any address: nobody can point an address elsewhere.
    Addresses,
    /// All: without a login nothing is told anyway.
    Any,
}

/// What a request is answered that does not come from where it may.
pub(super) fn refusal(site: &Site, request: &Request) -> Option<Response> {
    let (config, headers) = (&site.relay.config, request.headers());
    let names = match (site.access.has_logins(), site.access.anonymous()) {
        (false, _) => Names::Ours,
        (true, None) if config.allowed_hosts.is_empty() => Names::Any,
        (true, _) => Names::Addresses,
    };

    if !is_our_name(config, names, site.address.ip(), headers) {
        Some(reply::refusal(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong_host",
            "this gateway is not known by that name: use localhost or 127.0.0.1, \
             or add the name to `gateway.allowed_hosts`",
        ))
    } else if !may_connect(config, headers) {
        Some(reply::refusal(
            StatusCode::FORBIDDEN,
            "wrong_origin",
            "a page of another host may not use this gateway: \
             add its origin to `gateway.allowed_origins` if it should",
        ))
    } else {
        None
    }
}

/// Refuses what a page of another host may have posted.
pub(super) async fn own_posts(request: Request, next: Next) -> Response {
    if may_post(request.headers()) {
        return next.run(request).await;
    }

    reply::refusal(
        StatusCode::FORBIDDEN,
        "wrong_origin",
        "nothing says that this was not posted by a page of another host: \
         send it as JSON, with `Content-Type: application/json`",
    )
}

fn is_our_name(config: &Config, names: Names, bound: IpAddr, headers: &HeaderMap) -> bool {
    if names == Names::Any {
        return true;
    }
    let Some(host) = text(headers, header::HOST).and_then(host_of) else { return false };

    is_this_machine(&host)
        || names == Names::Addresses && host.parse::<IpAddr>().is_ok()
        || host == bound.to_string()
        || config.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(&host))
}

fn may_connect(config: &Config, headers: &HeaderMap) -> bool {
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    let Some(origin) = text(headers, header::ORIGIN) else { return false };
    if config.allowed_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) {
        return true;
    }

    let Some((_, authority)) = origin.split_once("://") else { return false };
    let same = text(headers, header::HOST).is_some_and(|host| host.eq_ignore_ascii_case(authority));

    same || is_loopback(origin)
}

/// Whether a post is no other page's: where it has an `Origin`, that was looked at before.
fn may_post(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::ORIGIN) {
        return true;
    }
    let is_json = text(headers, header::CONTENT_TYPE)
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(JSON));

    match text(headers, FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => is_json,
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_ours() {
        let config = Config { allowed_hosts: vec!["gate.lan".to_owned()], ..Config::default() };
        let bound = "127.0.0.1".parse().unwrap();
        let ours =
            |host: &str| is_our_name(&config, Names::Ours, bound, &headers(&[("host", host)]));

        for host in
            ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "127.9.9.9", "[::1]:80", "gate.lan:1"]
        {
            assert!(ours(host), "refused {host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "a@localhost",
            "",
            "127.0.0.1.nip.io",
        ] {
            assert!(!ours(host), "accepted {host}");
        }
        assert!(!is_our_name(&config, Names::Ours, bound, &headers(&[])));
    }

    #[test]
    fn where_there_are_logins_an_address_is_ours_and_perhaps_any_name() {
        let (config, bound) = (Config::default(), "0.0.0.0".parse().unwrap());
        let known =
            |names, host: &str| is_our_name(&config, names, bound, &headers(&[("host", host)]));

        assert!(
            known(Names::Addresses, "192.0.2.7:8000") && known(Names::Addresses, "[2001:db8::1]")
        );
        assert!(!known(Names::Addresses, "gate.lan") && known(Names::Any, "gate.lan"));
    }

    #[test]
    fn a_post_comes_from_our_page_or_is_what_no_page_can_post() {
        for (lines, expected) in [
            (&[("content-type", "application/json; charset=utf-8")][..], true),
            (&[("content-type", "text/plain")], false),
            (&[("content-type", "application/x-www-form-urlencoded")], false),
            (&[], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "cross-site"), ("content-type", "application/json")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "http://gate.lan")], true),
        ] {
            assert_eq!(may_post(&headers(lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn pages_of_other_hosts_may_not_connect() {
        let config = Config {
            allowed_origins: vec!["https://dash.example.org".to_owned()],
            ..Config::default()
        };
        let may = |origin: &str| {
            may_connect(&config, &headers(&[("host", "gate.lan:8000"), ("origin", origin)]))
        };

        for origin in [
            "http://gate.lan:8000",
            "http://localhost:3000",
            "http://127.0.0.1",
            "http://[::1]:5173",
            "https://dash.example.org",
        ] {
            assert!(may(origin), "refused {origin}");
        }
        for origin in [
            "http://evil.example",
            "https://dash.example.org.evil.example",
            "http://localhost.evil.example",
            "http://localhost@evil.example",
            "http://gate.lan:9000",
            "null",
            "",
        ] {
            assert!(!may(origin), "accepted {origin}");
        }
        assert!(may_connect(&config, &headers(&[("host", "gate.lan:8000")])));
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }
}
