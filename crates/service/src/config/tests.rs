use std::io::Write;

use serde::Deserialize;

use super::*;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Section {
    listen: String,
    port: u16,
}

#[test]
fn the_environment_overrides_the_file() {
    let env = [("MANLESS_BROKER__PORT", "2"), ("MANLESS_CONFIG", "the file itself")];
    let settings = load("[broker]\nlisten = 'a'\nport = 1", &env).unwrap();

    let broker: Section = settings.read("broker").unwrap();

    assert_eq!(broker, Section { listen: "a".to_owned(), port: 2 });
}

#[test]
fn what_nobody_mentions_is_the_default() {
    let settings = load("", &[]).unwrap();

    assert_eq!(settings.read::<Section>("gateway").unwrap(), Section::default());
    assert!(!settings.mentions("gates"));
}

#[test]
fn the_names_of_the_old_system_keep_working() {
    let settings = load(
        "[gateway]\nlisten = '127.0.0.2:9000'",
        &[("BACKEND_HOST", "10.0.0.5"), ("BACKEND_PORT", "1884"), ("WEBSOCKET_PORT", "8001")],
    )
    .unwrap();

    let mqtt: crate::mqtt::Config = settings.read("mqtt").unwrap();
    let gateway: Section = settings.read("gateway").unwrap();

    assert_eq!((mqtt.host.as_str(), mqtt.port()), ("10.0.0.5", 1884));
    assert_eq!(gateway.listen, "127.0.0.2:8001");
}

#[test]
fn an_error_names_the_file_the_key_and_the_reason() {
    for (file, env, expected) in [
        ("brokr = 1", None, "unknown key `brokr`"),
        ("[broker]\nprot = 1", None, "unknown field `prot`"),
        ("[broker]\nport = 'x'", None, "invalid type"),
        ("[broker]\nport = 70000", None, "70000"),
        ("[broker", None, "is not TOML"),
        ("root = 'x'", Some(("MANLESS_ROOT__X", "1")), "points into `root`"),
        ("", Some(("BACKEND_PORT", "many")), "BACKEND_PORT cannot be `many`"),
        ("", Some(("WEBSOCKET_HOST", "my host")), "WEBSOCKET_HOST cannot be `my host`"),
    ] {
        let error = load(file, env.as_slice())
            .and_then(|settings| settings.read::<Section>("broker"))
            .expect_err(file);

        let text = format!("{:#}", anyhow::Error::new(error));
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let error = Settings::load(Some(Path::new("/nowhere/manless.toml")), []).unwrap_err();

    assert!(error.to_string().contains("/nowhere/manless.toml"));
}

fn load(file: &str, env: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let file = written(file);
    let env = env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));

    Settings::load(Some(file.path()), env)
}

fn written(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();

    file
}
