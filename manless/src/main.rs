//! The whole site.
fn main() {}
