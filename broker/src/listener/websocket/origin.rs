//! Which pages may use the broker through somebody's browser.
//!
//! A browser on this machine reaches a broker that listens on loopback alone, and may show
//! somebody else's page. The browser says whose page it is; programs send no `Origin` and are not
//! concerned.

use hyper::header::{HeaderMap, ORIGIN};
use service::origin;

/// The pages that may, besides those of this machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins(Vec<String>);

impl Origins {
    pub(crate) fn new(listed: &[String]) -> Self {
        Self(listed.to_vec())
    }

    pub(super) fn admit(&self, headers: &HeaderMap) -> bool {
        headers.get_all(ORIGIN).iter().all(|origin| {
            origin.to_str().is_ok_and(|origin| {
                origin::is_loopback(origin)
                    || self.0.iter().any(|listed| listed.eq_ignore_ascii_case(origin))
            })
        })
    }
}
