//! A client against the whole front of a gateway, without sockets and with a clock that runs only
//! when everybody waits.

mod caller;
mod guest;

use std::{panic, sync::OnceLock, time::Duration};

use access::{Access, Config as Logins, Role, Roles, UsersFile};
use schemas::Root;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split},
    time,
};
use ws_gateway::{Config, fuzzing::Bare};

pub use caller::{Caller, call};
pub use guest::{Guest, listen};

/// Whatever a client does, it is rid of the gateway after so long.
const ENDS_WITHIN: Duration = Duration::from_secs(600);
/// How much waits between client and gateway.
const PIPE: usize = 4 * 1024;
/// How long a client waits where it does.
const PAUSE: Duration = Duration::from_secs(7);
/// The only picture there is.
const PICTURE: &[u8] = b"\xFF\xD8 what nobody may see who is not known \xFF\xD9";

/// Whether one has to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Free,
    Login,
}

/// What a client does next.
enum Act {
    Send(Vec<u8>),
    Pause,
}

/// Lets a client do what it does, and then leave; what the gateway said to it.
///
/// # Panics
///
/// It did not come to an end.
fn visit(entry: Entry, acts: Vec<Act>) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("there is memory");

    runtime.block_on(async {
        let access = match entry {
            Entry::Free => Access::without_logins(&Root::default()),
            Entry::Login => logins().clone(),
        };
        let gateway = Bare::open(Config::default(), access).expect("the defaults are valid");
        gateway.hear("parking/gate_in/image", PICTURE);
        let (client, ours) = duplex(PIPE);

        let whole = async {
            let ((), said) = tokio::join!(gateway.serve(ours), converse(client, acts));
            gateway.close().await;
            said
        };
        time::timeout(ENDS_WITHIN, whole).await.expect("it comes to an end")
    })
}

/// Says and reads at the same time, and reads on until the gateway hangs up.
async fn converse(client: DuplexStream, acts: Vec<Act>) -> Vec<u8> {
    let (mut reading, mut writing) = split(client);
    let mut said = Vec::new();
    let speak = async {
        for act in acts {
            match act {
                // Whoever was hung up on says no more.
                Act::Send(bytes) if writing.write_all(&bytes).await.is_err() => break,
                Act::Send(_) => {}
                Act::Pause => time::sleep(PAUSE).await,
            }
        }
        let _ = writing.shutdown().await;
    };
    let hear = async {
        reading.read_to_end(&mut said).await.expect("a pipe does not break");
    };
    tokio::join!(speak, hear);

    said
}

fn logins() -> &'static Access {
    static LOGINS: OnceLock<(Access, TempDir)> = OnceLock::new();

    &LOGINS
        .get_or_init(|| {
            let dir = tempfile::tempdir().expect("there is a disk");
            let path = dir.path().join("users.toml");
            let mut users = UsersFile::open(&path, &Roles::default()).expect("it is not there");
            let name = "anna".parse().expect("a name");
            users.add(&name, &Role::Admin, [].into(), None).expect("it is new");
            users.save().expect("there is a disk");
            let access = Access::open(&Logins::default(), dir.path(), &Root::default());

            (access.expect("it was just written"), dir)
        })
        .0
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Ends the process when a task of the gateway panics: its end alone would be seen by nobody.
fn abort_on_panic() {
    static ONCE: OnceLock<()> = OnceLock::new();

    ONCE.get_or_init(|| {
        let say = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            say(info);
            std::process::abort();
        }));
    });
}
