//! The file of users, on a real disk.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeMap, fs, path::PathBuf};

use access::{FileError, Role, Roles, UserName, UsersError, UsersFile};
use proptest::prelude::*;
use tempfile::TempDir;

#[test]
fn what_is_saved_is_there() {
    let site = Site::new();

    let mut users = site.open();
    users
        .add(&name("north"), &Role::Agent, ["g1".parse().unwrap()].into(), Some(&password()))
        .unwrap();
    users.add(&name("anna"), &Role::Operator, [].into(), None).unwrap();
    users.save().unwrap();
    drop(users);

    let listed = site.open().list();
    let [north, anna] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((&north.name[..], &north.role[..], north.has_password), ("north", "agent", true));
    assert_eq!(north.gates, ["g1"]);
    assert_eq!((&anna.name[..], &anna.role[..], anna.has_password), ("anna", "operator", false));
    assert!(!site.text().contains("open sesame"));
    assert!(site.text().starts_with("# The users of this site."), "{}", site.text());
}

#[test]
fn comments_and_the_order_of_others_stay() {
    let site = Site::new();
    let text = "# Ours\n\n[users.zoe] # at the desk\nrole = \"operator\"\n\n\
                [users.anna]\nrole = \"integrator\" # reads\n";
    fs::write(site.path(), text).unwrap();

    let mut users = site.open();
    users.add(&name("mia"), &Role::Gateway, [].into(), None).unwrap();
    users.save().unwrap();
    assert_eq!(site.text(), format!("{text}\n[users.mia]\nrole = \"gateway\"\n"));
    drop(users);

    let mut users = site.open();
    users.remove(&name("mia")).unwrap();
    users.save().unwrap();
    assert_eq!(site.text(), text);
}

#[test]
fn what_cannot_be_changes_nothing() {
    let site = Site::new();
    let mut users = site.open();
    users.add(&name("anna"), &Role::Operator, [].into(), None).unwrap();
    users.save().unwrap();
    let before = site.text();

    let short = "seven77".to_owned().into();
    let anna = name("anna");
    assert!(matches!(users.add(&anna, &Role::Agent, [].into(), None), Err(FileError::Exists(_))));
    assert!(matches!(users.set_password(&anna, &short), Err(FileError::Password(_))));
    let zoe = name("zoe");
    assert!(matches!(users.remove(&zoe), Err(FileError::NoSuchUser { .. })));
    assert!(matches!(users.set_password(&zoe, &password()), Err(FileError::NoSuchUser { .. })));
    let gate = ["gate_in".parse().unwrap()];
    let gates = users.add(&zoe, &Role::Gateway, gate.into(), None);
    assert!(matches!(gates, Err(FileError::Gates(..))));
    let nameless = users.add(&name("Zoe"), &Role::Agent, [].into(), None);
    assert!(matches!(nameless, Err(FileError::Gates(..))));

    users.save().unwrap();
    assert_eq!(site.text(), before);
}

#[test]
fn a_file_that_is_not_valid_is_not_written_over() {
    let site = Site::new();
    fs::write(site.path(), "[users.anna]\nrole = 'boss'\n").unwrap();

    let error = UsersFile::open(&site.path(), &Roles::default()).unwrap_err();

    assert!(matches!(error, UsersError::Invalid { line: 1, .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it_and_its_group_only_if_it_could_before() {
    use std::os::unix::fs::PermissionsExt;

    let site = Site::new();
    let mode = || fs::metadata(site.path()).unwrap().permissions().mode() & 0o777;
    site.open().save().unwrap();
    assert_eq!(mode(), 0o600);

    for (before, after) in [(0o644, 0o640), (0o640, 0o640), (0o666, 0o640), (0o600, 0o600)] {
        fs::set_permissions(site.path(), fs::Permissions::from_mode(before)).unwrap();
        site.open().save().unwrap();
        assert_eq!(mode(), after, "{before:o}");
    }
    assert_eq!(fs::read_dir(site.0.path()).unwrap().count(), 1, "a draft was left over");
}

#[cfg(unix)]
#[test]
fn a_link_stays_one() {
    let site = Site::new();
    let target = site.0.path().join("elsewhere.toml");
    fs::write(&target, "").unwrap();
    std::os::unix::fs::symlink(&target, site.path()).unwrap();

    let mut users = site.open();
    users.add(&name("anna"), &Role::Operator, [].into(), None).unwrap();
    users.save().unwrap();

    assert!(fs::symlink_metadata(site.path()).unwrap().is_symlink());
    assert!(fs::read_to_string(target).unwrap().contains("[users.anna]"));
}

#[test]
fn two_who_add_at_once_add_both() {
    let site = Site::new();

    std::thread::scope(|scope| {
        for n in 0..8 {
            let site = &site;
            scope.spawn(move || {
                let mut users = site.open();
                users.add(&name(&format!("user-{n}")), &Role::Operator, [].into(), None).unwrap();
                users.save().unwrap();
            });
        }
    });

    assert_eq!(site.open().list().len(), 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_file_says_what_was_done_to_it(
        steps in prop::collection::vec(
            (
                prop::sample::select(vec!["a", "b.c", "d@e", "F-1"]),
                prop::option::of(prop::sample::select(vec!["operator", "integrator", "gateway"])),
            ),
            0..20,
        )
    ) {
        let site = Site::new();
        let mut model = BTreeMap::new();

        for (user, role) in steps {
            let mut users = site.open();
            let done = match role {
                Some(role) => {
                    let role = Roles::default().find(role).unwrap();
                    users.add(&name(user), &role, [].into(), None)
                }
                None => users.remove(&name(user)),
            };
            users.save().unwrap();
            let expected = match role {
                Some(_) if model.contains_key(user) => false,
                Some(role) => model.insert(user.to_owned(), role.to_owned()).is_none(),
                None => model.remove(user).is_some(),
            };
            prop_assert_eq!(done.is_ok(), expected);
        }

        let listed = site.open().list().into_iter().map(|user| (user.name, user.role));
        prop_assert_eq!(listed.collect::<BTreeMap<_, _>>(), model);
    }
}

struct Site(TempDir);

impl Site {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("users.toml")
    }

    fn open(&self) -> UsersFile {
        UsersFile::open(&self.path(), &Roles::default()).unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }
}

fn name(text: &str) -> UserName {
    text.parse().unwrap()
}

fn password() -> service::Secret {
    "open sesame".to_owned().into()
}
