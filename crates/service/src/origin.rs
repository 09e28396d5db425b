//! Whose page a browser shows: the host of an `Origin` or an authority, and whether it is this
//! machine.

use std::net::IpAddr;

use http::uri::Authority;

/// The host of `host:port`, in lower case and without the brackets of an IPv6 address.
pub fn host_of(authority: &str) -> Option<String> {
    let authority: Authority = authority.parse().ok()?;
    if authority.as_str().contains('@') {
        return None;
    }

    Some(authority.host().trim_matches(['[', ']']).to_ascii_lowercase())
}

/// Whether a name or address in lower case is one of this machine.
pub fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Whether an origin, such as `http://localhost:3000`, is a page of this machine.
pub fn is_loopback(origin: &str) -> bool {
    let host = origin.split_once("://").and_then(|(_, authority)| host_of(authority));

    host.is_some_and(|host| is_this_machine(&host))
}
