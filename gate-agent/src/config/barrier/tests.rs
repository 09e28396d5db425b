use super::*;

const TRAVEL: Duration = Duration::from_secs(10);

/// A controller that answers polls.
const GOOD: &str = r#"
    port = "/dev/ttyUSB0"
    baud = 9600
    [protocol]
    open = 'O\r'
    close = 'C\r'
    stop = 'S\r'
    poll = '?\r'
    report_end = '\r'
    reports = [
        { pattern = '^POS=1', position = "open" },
        { pattern = '^POS=0', position = "closed" },
        { pattern = 'LOOP=1', loop = "occupied" },
        { pattern = 'LOOP=0', loop = "clear" },
    ]
"#;

#[test]
fn the_protocol_of_this_repository_goes_without_saying() {
    let read = |text: &str| toml::from_str::<Barrier>(text).unwrap().protocol;

    assert_eq!(read("port = 'COM3'"), Protocol::Manless);
    assert_eq!(read("port = 'COM3'\nprotocol = 'manless'"), Protocol::Manless);
}

#[test]
fn another_protocol_is_a_table() {
    let barrier: Barrier = toml::from_str(GOOD).unwrap();
    assert!(barrier.validate("gates.gate_in.barrier", TRAVEL).is_ok());

    let Protocol::Other(dialect) = barrier.protocol else { panic!("{barrier:?}") };
    assert_eq!(dialect.open.as_bytes(), b"O\r");
    assert_eq!(dialect.silence(), Some(Duration::from_secs(3)));
    assert!(dialect.reports_loop());
}

#[test]
fn the_example_of_the_documentation_works() {
    let page = include_str!("../../../../docs/hardware.md");
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    // The same with everything that it leaves out.
    let whole = example.replace("# silence", "silence").replace("# moves_in", "moves_in");

    for text in [example, &whole] {
        let mut site: toml::Table = toml::from_str(text).unwrap();
        let barrier = site.remove("gates").unwrap()["gate_in"]["barrier"].clone();
        let barrier: Barrier = barrier.try_into().unwrap();
        barrier.validate("gates.gate_in.barrier", TRAVEL).unwrap();
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_the_reason() {
    for (bad, reason) in [
        ("port = 'COM3'\nprotocol = 'modbus'", "manless"),
        ("port = 'COM3'\nprotocol = { open = 'O' }", "close"),
        ("port = 'COM3'\nprotocol = { open = 'O', close = 'C', opne = 'X' }", "opne"),
        (&GOOD.replace("'^POS=1'", "'^POS=('"), "unclosed group"),
        (&GOOD.replace(r"'O\r'", r"'O\q'"), "none of"),
        (&GOOD.replace("\"open\" }", "\"ajar\" }"), "ajar"),
    ] {
        let error = toml::from_str::<Barrier>(bad).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn what_cannot_work_is_refused_by_its_key() {
    for (from, to, key) in [
        (r"open = 'O\r'", "open = ''", "open"),
        (r"close = 'C\r'", r"close = 'O\r'", "close"),
        (r"stop = 'S\r'", "stop = ''", "stop"),
        ("poll = ", "poll_every = '1ms'\npoll = ", "poll_every"),
        ("poll = ", "silence = '1s'\npoll = ", "silence"),
        (r"poll = '?\r'", "", "silence"),
        ("report_end", "report_length = 8\nreport_end", "report_length"),
        ("report_end", "report_start = 'x'\nreport_end", "report_start"),
        ("'^POS=1', position = \"open\"", "'^POS=1'", "reports"),
        ("'^POS=1'", "'(POS=1)?'", "reports"),
        ("position = \"open\"", "position = \"opening\"", "moves_in"),
        ("poll = ", "moves_in = '10s'\npoll = ", "moves_in"),
        ("port = \"/dev/ttyUSB0\"", "port = \"simulated\"", "protocol"),
    ] {
        let bad = GOOD.replacen(from, to, 1);
        assert_ne!(bad, GOOD);
        let barrier: Barrier = toml::from_str(&bad).unwrap();
        let error = barrier.validate("gates.gate_in.barrier", TRAVEL).unwrap_err().to_string();
        assert!(error.contains(&format!(".{key}")), "{error}");
    }
}
