//! How many files and connections the process may have open.

/// Raises the limit to what the system allows, and says what it is then; `None` where there is no
/// such limit.
///
/// Shells and service managers start programs with 1,024, for the sake of programs that wait in an
/// old-fashioned way. Ours do not.
pub fn raise() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        // Some systems do not go as far as they say. Then it stays as it was.
        match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit.maximum,
            Err(_) => limit.current,
        }
    }
    #[cfg(not(unix))]
    None
}
