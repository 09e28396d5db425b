//! What every program of Manless does first, and does the same way.
//!
//! | module | what it is for |
//! |---|---|
//! | [`program`] | `main`: arguments, the exit code, what an operator reads when it fails |
//! | [`config`] | one TOML file, then the environment; unknown keys are errors |
//! | [`mqtt`] | where the broker is, and how to log in there |
//! | [`secret`] | passwords: what is never shown, and the files that hold them |
//! | [`doorstep`] | connections that have not said who they are |
//! | [`supervisor`] | tasks: started together, stopped together |
//! | [`open_files`] | how many there may be |
//! | [`origin`] | whose page a browser shows |
//! | [`prometheus`] | figures as Prometheus reads them |
//! | [`seldom`] | log lines that anybody can cause |
//! | [`signal`] | Ctrl-C, SIGTERM and SIGHUP |
//! | [`backoff`] | how long to wait before trying again |
//! | [`stamp`] | the time and the ids of messages |
//! | [`telemetry`] | logs |
//! | [`tls`] | certificates, keys and authorities from files |
//! | [`watch`] | files that are read again when they change |

pub mod backoff;
pub mod config;
pub mod doorstep;
pub mod mqtt;
pub mod open_files;
pub mod origin;
pub mod program;
pub mod prometheus;
pub mod secret;
pub mod seldom;
pub mod signal;
pub mod stamp;
pub mod supervisor;
pub mod telemetry;
pub mod tls;
pub mod watch;

pub use backoff::Backoff;
pub use secret::Secret;
pub use supervisor::Supervisor;
