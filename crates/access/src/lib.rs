//! Who may do what: users, their roles, and what a role may publish and subscribe to.
//!
//! ```text
//! users.toml  ──▶ Users ──┐
//! tokens.toml ──▶ Tokens ─┤
//! [access]    ──▶ Roles ──┴▶ Access ── authenticate, token ──▶ User ── rights ──▶ Rights
//!                              ▲                                │
//!                           Throttle                        revoked: changed or removed meanwhile
//! ```
//!
//! | module | what it is for |
//! |---|---|
//! | [`Config`] | the section `[access]` |
//! | [`Role`], [`Roles`] | what one may be: `agent`, `gateway`, `operator` and others, and those of the site |
//! | [`Rights`] | what a client may publish and subscribe to |
//! | [`Reach`], [`Gates`] | what that opens at the gateway: which gates one sees and commands |
//! | [`UsersFile`] | the file of users, as the command line changes it |
//! | [`TokensFile`] | the file of tokens, by which programs log in as a user |
//! | [`Access`], [`User`] | the rules in force, and who has logged in |
//! | [`Throttle`] | how long somebody has to wait who guesses |
//!
//! Nothing is allowed that is not granted. Without users there are no logins: everybody is
//! anonymous and may do everything, or what `access.anonymous` says, which is why nothing listens
//! beyond this machine then.

mod access;
mod config;
mod disk;
mod entries;
mod file;
mod name;
mod password;
mod reach;
mod rereading;
mod rights;
mod role;
mod throttle;
mod token;
mod token_file;
mod tokens;
mod user;
mod users;
mod verifier;
mod watch;

pub use access::{Access, Refused};
pub use config::{Config, RoleConfig};
pub use file::{FileError, Listed, UsersFile};
pub use name::{NameError, UserName};
pub use password::{MIN_PASSWORD, PasswordError, generate};
pub use reach::{Gates, Reach};
pub use rights::Rights;
pub use role::{CustomRole, Role, Roles, UnknownRole};
pub use throttle::Throttle;
pub use token::BadToken;
pub use token_file::{ListedToken, NewToken, TokenFileError, TokensFile};
pub use tokens::TokensError;
pub use user::User;
pub use users::UsersError;
