//! Who may come in from a browser.
//!
//! There are no logins yet, and the gateway is reached from this machine alone. What is left is a
//! browser on this machine that shows somebody else's page. Two checks keep such a page out: it is
//! not told anything under a name that is not ours (a name that its owner points to 127.0.0.1),
//! and it may not open a WebSocket. Programs send no `Origin` and are not concerned.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::Response,
};
use service::origin::{host_of, is_loopback, is_this_machine};

use super::{Site, reply};
use crate::config::Config;

pub(super) async fn check(State(site): State<Site>, request: Request, next: Next) -> Response {
    let (config, bound) = (&site.relay.config, site.address.ip());

    let refused = if !is_our_name(config, bound, request.headers()) {
        reply::refusal(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong_host",
            "this gateway is not known by that name: use localhost or 127.0.0.1, \
             or add the name to `gateway.allowed_hosts`",
        )
    } else if !may_connect(config, request.headers()) {
        reply::refusal(
            StatusCode::FORBIDDEN,
            "wrong_origin",
            "a page of another host may not use this gateway: \
             add its origin to `gateway.allowed_origins` if it should",
        )
    } else {
        return next.run(request).await;
    };

    site.relay.figures.refused_requests.count();
    refused
}

fn is_our_name(config: &Config, bound: IpAddr, headers: &HeaderMap) -> bool {
    let Some(host) = text(headers, header::HOST).and_then(host_of) else { return false };

    is_this_machine(&host)
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

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_ours() {
        let config = Config { allowed_hosts: vec!["gate.lan".to_owned()], ..Config::default() };
        let bound = "127.0.0.1".parse().unwrap();
        let ours = |host: &str| is_our_name(&config, bound, &headers(&[("host", host)]));

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
        assert!(!is_our_name(&config, bound, &headers(&[])));
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
            .map(|(name, value)| (header::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }
}
