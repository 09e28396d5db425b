//! Where a request comes from, behind however many proxies.
//!
//! A proxy says for whom it asks, and so can anybody. What a trusted proxy says is believed, from
//! the nearest one on: the first address from the right that is no trusted proxy's is the client.

use std::{net::IpAddr, str::FromStr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use serde::Deserialize;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Addresses of proxies: `127.0.0.1`, or `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network(IpNet);

/// The text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address such as 127.0.0.1 and no network such as 10.0.0.0/8")]
pub struct NetworkError(String);

/// What is spoken between the client and the outermost proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) address: IpAddr,
    pub(super) scheme: Scheme,
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);

        text.parse().or_else(|_| address()).map(Self).map_err(|_| NetworkError(text.to_owned()))
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl Client {
    /// Who asks through `peer`, which spoke `scheme` with us.
    pub(super) fn of(
        peer: IpAddr,
        scheme: Scheme,
        headers: &HeaderMap,
        trusted: &[Network],
    ) -> Self {
        let peer = peer.to_canonical();
        let is_trusted = |address| trusted.iter().any(|network| network.contains(address));
        if !is_trusted(peer) {
            return Self { address: peer, scheme };
        }

        let mut address = peer;
        for hop in from_the_right(headers, &FORWARDED_FOR) {
            // What is no address was not said by anybody whom one could trust.
            let Ok(before) = hop.parse::<IpAddr>() else { break };
            address = before.to_canonical();
            if !is_trusted(address) {
                break;
            }
        }
        let scheme = match from_the_right(headers, &FORWARDED_PROTO).next() {
            Some(word) if word.eq_ignore_ascii_case("https") => Scheme::Https,
            Some(_) => Scheme::Http,
            None => scheme,
        };

        Self { address, scheme }
    }
}

fn from_the_right<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines: Vec<&str> =
        headers.get_all(name).into_iter().map(|line| line.to_str().unwrap_or_default()).collect();

    lines.into_iter().rev().flat_map(|line| line.rsplit(',').map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_is_trusted_says_who_asks() {
        for (peer, forwarded, expected) in [
            ("10.0.0.1", &["192.0.2.7"][..], "192.0.2.7"),
            ("10.0.0.1", &["1.1.1.1, 192.0.2.7"], "192.0.2.7"),
            ("10.0.0.1", &["1.1.1.1, 192.0.2.7, 10.9.9.9"], "192.0.2.7"),
            ("10.0.0.1", &["1.1.1.1", "192.0.2.7", "10.9.9.9, ::1"], "192.0.2.7"),
            ("10.0.0.1", &["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.7, 10.9.9.9:80"], "10.0.0.1"),
            ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("::ffff:10.0.0.1", &["::ffff:192.0.2.7"], "192.0.2.7"),
        ] {
            assert_eq!(client(peer, forwarded, &[]).address, ip(expected), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn anybody_else_is_not_believed() {
        for peer in ["192.0.2.9", "11.0.0.1", "::2"] {
            let client = client(peer, &["127.0.0.1", "10.0.0.1"], &["https"]);

            assert_eq!(client, Client { address: ip(peer), scheme: Scheme::Http });
        }
    }

    #[test]
    fn the_nearest_proxy_says_what_is_spoken() {
        for (said, expected) in [
            (&["https"][..], Scheme::Https),
            (&["http, HTTPS"], Scheme::Https),
            (&["https", "http"], Scheme::Http),
            (&["https, gopher"], Scheme::Http),
            (&[], Scheme::Http),
        ] {
            assert_eq!(client("::1", &[], said).scheme, expected, "{said:?}");
        }
    }

    #[test]
    fn a_network_is_an_address_or_has_a_length() {
        for text in ["127.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32"] {
            assert!(text.parse::<Network>().is_ok(), "{text}");
        }
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0/8", "127.0.0.1:80"] {
            let error = text.parse::<Network>().unwrap_err().to_string();
            assert!(error.contains("10.0.0.0/8"), "{error}");
        }
    }

    fn client(peer: &str, forwarded: &[&str], said: &[&str]) -> Client {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        for line in said {
            headers.append(FORWARDED_PROTO, line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8", "::1"].map(|network| network.parse().unwrap());

        Client::of(ip(peer), Scheme::Http, &headers, &trusted)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }
}
