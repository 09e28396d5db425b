//! What a request brings to be known by.
//!
//! | where | who |
//! |---|---|
//! | `Authorization: Bearer TOKEN` | programs |
//! | `Authorization: Basic …` | controllers and scripts that know nothing else |
//! | `Sec-WebSocket-Protocol: bearer, TOKEN` | programs in a browser, which cannot set the header above |
//! | the cookie of `POST /login` | people |
//!
//! The first that is there counts: one that is wrong is refused, and not made good by another.

use axum::http::{HeaderMap, HeaderName, Uri, header};
use base64::{Engine, prelude::BASE64_STANDARD};
use service::Secret;

/// The subprotocol whose neighbour is a token.
pub(super) const BEARER: &str = "bearer";
/// What tokens are called in URLs elsewhere.
const IN_URLS: [&str; 2] = ["token", "access_token"];

/// What somebody shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    None,
    Token(Secret),
    Password {
        name: String,
        password: Secret,
    },
    Cookie(Secret),
    /// Something that cannot be understood.
    Malformed(&'static str),
}

impl Credentials {
    /// Reads the headers; `cookie` is the name of ours.
    pub(super) fn of(headers: &HeaderMap, cookie: &str) -> Self {
        if let Some(authorization) = headers.get(header::AUTHORIZATION) {
            return authorization.to_str().map_or(MALFORMED, of_authorization);
        }
        if offers_bearer(headers) {
            let mut offers = protocols(headers).skip_while(|offer| *offer != BEARER).skip(1);
            return match offers.next() {
                Some(token) => Self::Token(token.to_owned().into()),
                None => Self::Malformed("the subprotocol `bearer` is to be followed by a token"),
            };
        }

        cookies(headers)
            .find_map(|(name, value)| (name == cookie).then(|| value.to_owned().into()))
            .map_or(Self::None, Self::Cookie)
    }
}

const MALFORMED: Credentials = Credentials::Malformed(
    "the header `Authorization` is to be `Bearer TOKEN`, or `Basic` and a name with a password",
);

/// Whether the subprotocol `bearer` is offered; it has to be in the answer then.
pub(super) fn offers_bearer(headers: &HeaderMap) -> bool {
    protocols(headers).any(|offer| offer == BEARER)
}

/// Whether there is a token in a URL, where it would end up in logs and histories.
pub(super) fn is_in_url(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default().as_bytes();

    form_urlencoded::parse(query)
        .any(|(name, _)| IN_URLS.iter().any(|word| name.eq_ignore_ascii_case(word)))
}

fn of_authorization(text: &str) -> Credentials {
    let Some((scheme, rest)) = text.trim().split_once(' ') else { return MALFORMED };
    let rest = rest.trim();

    if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
        Credentials::Token(rest.to_owned().into())
    } else if scheme.eq_ignore_ascii_case("basic") {
        basic(rest).unwrap_or(MALFORMED)
    } else {
        MALFORMED
    }
}

fn basic(text: &str) -> Option<Credentials> {
    let text = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;

    Some(Credentials::Password { name: name.to_owned(), password: password.to_owned().into() })
}

fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    words(headers, header::SEC_WEBSOCKET_PROTOCOL, ',')
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    words(headers, header::COOKIE, ';').filter_map(|pair| pair.split_once('='))
}

fn words(headers: &HeaderMap, name: HeaderName, between: char) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());

    lines.flat_map(move |line| line.split(between).map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_found_wherever_it_may_be() {
        let password = |name: &str, password: &str| Credentials::Password {
            name: name.to_owned(),
            password: password.to_owned().into(),
        };
        for (headers, expected) in [
            (&[][..], Credentials::None),
            (&[("authorization", "Bearer abc")][..], token("abc")),
            (&[("authorization", "bearer  abc ")], token("abc")),
            (
                &[("authorization", "Basic YW5uYTpvcGVuOnNlc2FtZQ==")],
                password("anna", "open:sesame"),
            ),
            (&[("sec-websocket-protocol", "bearer, abc")], token("abc")),
            (
                &[("sec-websocket-protocol", "x,bearer"), ("sec-websocket-protocol", "abc")],
                token("abc"),
            ),
            (&[("sec-websocket-protocol", "mqtt")], Credentials::None),
            (
                &[("cookie", "a=b; manless=abc; manless=def")],
                Credentials::Cookie("abc".to_owned().into()),
            ),
            (&[("cookie", "xmanless=abc; Manless=abc; manless")], Credentials::None),
            (&[("cookie", "manless=abc"), ("authorization", "Bearer abc")], token("abc")),
        ] {
            assert_eq!(Credentials::of(&map(headers), "manless"), expected, "{headers:?}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_not_passed_over() {
        for headers in [
            ("authorization", "Bearer"),
            ("authorization", "Bearer "),
            ("authorization", "Digest abc"),
            ("authorization", "Basic !"),
            ("authorization", "Basic YW5uYQ=="),
            ("authorization", ""),
            ("sec-websocket-protocol", "bearer"),
        ] {
            let found = Credentials::of(&map(&[headers, ("cookie", "manless=abc")]), "manless");
            assert!(matches!(found, Credentials::Malformed(_)), "{headers:?}");
        }
    }

    #[test]
    fn a_token_in_a_url_is_noticed() {
        for (uri, expected) in [
            ("/ws/gate_in?token=abc", true),
            ("/ws/gate_in?after=1&access_token", true),
            ("/ws/gate_in?ACCESS%5Ftoken=abc", true),
            ("/ws/gate_in?after=token", false),
            ("/token", false),
        ] {
            assert_eq!(is_in_url(&uri.parse().unwrap()), expected, "{uri}");
        }
    }

    fn token(text: &str) -> Credentials {
        Credentials::Token(text.to_owned().into())
    }

    fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }

        map
    }
}
