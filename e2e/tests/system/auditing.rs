//! `manless audit`: what was commanded, and whether the log of it is whole.

use std::fs;

use e2e::{Program, Site, manless};
use tempfile::TempDir;

#[test]
fn a_script_can_tell_a_whole_log_from_a_broken_one_and_from_none() {
    let mut site = Site::up();
    let log = site.data_dir().join("audit-bridge.jsonl");
    // Once it has stopped in order, all is written.
    site.program.interrupt();
    assert_eq!(site.program.exit_code(), Some(0));
    let dir = TempDir::new().expect("a temporary directory");
    let copy = dir.path().join("copy.jsonl");
    let audit = |args: &[&str]| {
        let mut command = manless(dir.path());
        command.arg("audit").args(args).arg(&copy);
        let mut program = Program::start(command);
        let code = program.exit_code();
        (code, [program.stdout().all(), program.stderr().all()].concat().join("\n"))
    };

    assert_eq!(audit(&["verify"]).0, Some(66));
    fs::copy(&log, &copy).expect("a copy");
    let (code, said) = audit(&["verify"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("whole: ") && said.contains("with the hash "), "{said}");
    let shown = audit(&["show"]).1;
    assert!(shown.contains("the gateway bridge started"), "{shown}");
    assert!(shown.contains("the gateway bridge stopped"), "{shown}");

    let changed = fs::read_to_string(&copy).expect("a file").replace("started", "startled");
    fs::write(&copy, changed).expect("a file");
    let (code, said) = audit(&["verify"]);
    assert_eq!(code, Some(65), "{said}");
    assert!(said.contains("copy.jsonl, line 1") && said.contains("it was changed"), "{said}");
}
