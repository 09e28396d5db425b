//! What each role may do, by example.

use super::*;

#[test]
fn an_agent_speaks_for_its_gate_and_hears_its_commands() {
    let rights = rights(&Role::Agent, &["gate_in"]);

    for kind in MessageType::ALL {
        let topic = format!("parking/gate_in/{kind}");
        assert_eq!(rights.may_publish(&topic), !kind.is_command(), "{topic}");
        assert_eq!(rights.may_subscribe(&topic), kind.is_command(), "{topic}");
        let other = format!("parking/gate_out/{kind}");
        assert!(!rights.may_publish(&other) && !rights.may_subscribe(&other), "{other}");
    }
    for topic in ["parking/gate_in/door", "parking/gate_in", "parking/gate_in/image/x", "x", ""] {
        assert!(!rights.may_publish(topic), "{topic}");
    }
    for filter in ["#", "parking/#", "parking/gate_in/#", "parking/gate_in/+", "+/+/gate_control"] {
        assert!(!rights.may_subscribe(filter), "{filter}");
    }
}

#[test]
fn an_agent_tells_home_assistant_of_its_gate_alone() {
    let rights = rights(&Role::Agent, &["gate_in"]);

    assert!(rights.may_publish("homeassistant/device/manless_parking_gate_in/config"));
    assert!(rights.may_subscribe("homeassistant/status"));
    for topic in [
        "homeassistant/device/manless_parking_gate_out/config",
        "homeassistant/device/manless_parking_gate_in",
        "homeassistant/status",
        "homeassistant/cover/door/config",
    ] {
        assert!(!rights.may_publish(topic), "{topic}");
    }
    assert!(!rights.may_subscribe("homeassistant/#"));
}

#[test]
fn an_agent_may_have_several_gates() {
    let rights = rights(&Role::Agent, &["gate_in", "gate_out"]);

    assert!(rights.may_publish("parking/gate_out/gate_status"));
    assert!(rights.may_subscribe("parking/gate_in/gate_control"));
    assert!(!rights.may_subscribe("parking/+/gate_control"));
}

#[test]
fn a_gateway_may_do_everything_below_the_root() {
    let rights = rights(&Role::Gateway, &[]);

    for topic in ["parking/gate_in/gate_control", "parking/bridge/system_status"] {
        assert!(rights.may_publish(topic) && rights.may_subscribe(topic));
    }
    assert!(rights.may_subscribe("parking/#") && rights.may_subscribe("$SYS/#"));
    assert!(!rights.may_publish("other/gate_in/gate_control") && !rights.may_subscribe("#"));
}

#[test]
fn an_operator_and_an_admin_see_everything_and_command() {
    for role in [Role::Operator, Role::Admin] {
        let rights = rights(&role, &[]);

        assert!(rights.may_subscribe("parking/#") && rights.may_subscribe("$SYS/broker/uptime"));
        for kind in MessageType::ALL {
            assert_eq!(rights.may_publish(&format!("parking/gate_in/{kind}")), kind.is_command());
        }
        assert!(!rights.may_subscribe("#"));
    }
}

#[test]
fn who_is_limited_to_gates_sees_and_commands_no_others() {
    for (role, commands) in [
        (Role::Operator, true),
        (Role::Admin, true),
        (Role::Viewer, false),
        (Role::Integrator, false),
    ] {
        let rights = rights(&role, &["gate_in"]);

        assert!(rights.may_subscribe("parking/gate_in/#"), "{role}");
        assert!(rights.may_subscribe("parking/gate_in/gate_status"), "{role}");
        for filter in ["parking/gate_out/gate_status", "parking/+/error", "parking/#", "$SYS/#"] {
            assert!(!rights.may_subscribe(filter), "{role} {filter}");
        }
        assert_eq!(rights.may_publish("parking/gate_in/gate_control"), commands, "{role}");
        assert!(!rights.may_publish("parking/gate_out/gate_control"), "{role}");
        assert!(!rights.may_publish("parking/gate_in/gate_status"), "{role}");
    }
}

#[test]
fn an_integrator_and_a_viewer_read_and_say_nothing() {
    for role in [Role::Integrator, Role::Viewer] {
        let rights = rights(&role, &[]);

        assert!(rights.may_subscribe("parking/#"));
        assert!(rights.may_subscribe("parking/+/parking_event"));
        assert!(!rights.may_subscribe("$SYS/#"));
        for kind in MessageType::ALL {
            assert!(!rights.may_publish(&format!("parking/gate_in/{kind}")));
        }
    }
}

#[test]
fn nobody_publishes_what_is_the_brokers() {
    for rights in [rights(&Role::Gateway, &[]), Rights::everything()] {
        assert!(!rights.may_publish("$SYS/broker/uptime"));
    }
}

#[test]
fn a_role_of_the_site_has_the_filters_of_its_client() {
    let role = custom(&["sensors/{username}/+", "all"], &["{client_id}/#"]);
    let rights = role.rights(&root(), &BTreeSet::new(), "loop-7", "c1");

    assert!(rights.may_publish("sensors/loop-7/temperature") && rights.may_publish("all"));
    assert!(!rights.may_publish("sensors/loop-8/temperature"));
    assert!(rights.may_subscribe("c1/#") && !rights.may_subscribe("c2/#"));
}

#[test]
fn a_client_identifier_does_not_widen_a_filter() {
    let role = custom(&["x/{client_id}"], &["{client_id}/#", "x/{client_id}/y", "fixed"]);

    for client_id in ["+", "#", "a/b", "", "$SYS", "a+", "/"] {
        let rights = role.rights(&root(), &BTreeSet::new(), "anna", client_id);
        assert_eq!(rights.publishes(), [""; 0], "{client_id}");
        assert_eq!(rights.subscribes(), ["fixed"], "{client_id}");
    }
}

#[test]
fn what_a_role_does_not_see_is_taken_from_what_is_granted() {
    let role =
        roles("custom", &["#"], &["#", "$SYS/#"], &["secret/#", "+/private", "$SYS/broker/x"])
            .unwrap()
            .find("custom")
            .unwrap();
    let rights = role.rights(&root(), &BTreeSet::new(), "anna", "c1");

    for topic in ["secret", "secret/a/b", "a/private"] {
        assert!(!rights.may_publish(topic) && !rights.may_receive(topic), "{topic}");
    }
    for topic in ["secrets", "private", "a/b/private", "a/privat"] {
        assert!(rights.may_publish(topic) && rights.may_receive(topic), "{topic}");
    }
    assert!(!rights.may_receive("$SYS/broker/x") && rights.may_receive("$SYS/broker/y"));
    for filter in ["secret", "secret/#", "secret/+", "a/private", "+/private", "$SYS/broker/x"] {
        assert!(!rights.may_subscribe(filter), "{filter}");
    }
    for filter in ["#", "+/#", "+", "a/+", "+/a", "$SYS/#", "$SYS/broker/+"] {
        assert!(rights.may_subscribe(filter), "{filter}");
    }
}

#[test]
fn an_exception_grants_nothing() {
    let rights = roles("custom", &["a"], &["a"], &["a/b"]).unwrap().find("custom").unwrap();
    let rights = rights.rights(&root(), &BTreeSet::new(), "anna", "c1");

    assert!(!rights.may_publish("b") && !rights.may_subscribe("#"));
    assert_eq!(rights.exceptions(), ["a/b"]);
}

#[test]
fn who_is_not_known_is_handed_nothing() {
    let rights = Rights::nothing();

    for topic in ["a", "a/b", "$SYS/broker/uptime", "/"] {
        assert!(!rights.may_receive(topic) && !rights.may_publish(topic), "{topic}");
        assert!(!rights.may_subscribe(topic), "{topic}");
    }
}

#[test]
fn a_role_that_cannot_be_is_refused() {
    for (name, publish, subscribe, except, reason) in [
        ("agent", "a", "a", "a", "built in"),
        ("x", "a#", "a", "a", "not a filter"),
        ("x", "a", "a/#/b", "a", "not a filter"),
        ("x", "", "a", "a", "not a filter"),
        ("x", "{user}", "a", "a", "in braces"),
        ("x", "a", "$share/g/a", "a", "$share"),
        ("x", "$SYS/#", "a", "a", "begin with `$`"),
        ("x", "a", "a", "a/+b", "not a filter"),
        ("x", "a", "a", "a/{username}", "leave out the braces"),
        ("x", "a", "a", "$share/g/a", "$share"),
    ] {
        let error = roles(name, &[publish], &[subscribe], &[except]).unwrap_err().to_string();
        assert!(
            error.contains(reason) && error.contains(&format!("access.roles.{name}")),
            "{error}"
        );
    }
}

#[test]
fn a_role_that_there_is_not_is_told_those_that_there_are() {
    let roles = roles("cleaner", &[], &[], &[]).unwrap();

    assert_eq!(roles.find("cleaner").unwrap().name(), "cleaner");
    assert_eq!(
        roles.find("boss").unwrap_err().to_string(),
        "there is no role `boss`: the roles are agent, gateway, operator, integrator, viewer, \
         admin, cleaner"
    );
}

fn rights(role: &Role, gates: &[&str]) -> Rights {
    let gates = gates.iter().map(|gate| gate.parse().unwrap()).collect();

    role.rights(&root(), &gates, "anna", "client")
}

fn custom(publish: &[&str], subscribe: &[&str]) -> Role {
    roles("custom", publish, subscribe, &[]).unwrap().find("custom").unwrap()
}

fn roles(
    name: &str,
    publish: &[&str],
    subscribe: &[&str],
    except: &[&str],
) -> Result<Roles, ConfigError> {
    let owned = |filters: &[&str]| filters.iter().map(|filter| (*filter).to_owned()).collect();
    let config =
        RoleConfig { publish: owned(publish), subscribe: owned(subscribe), except: owned(except) };

    Roles::new(&[(name.to_owned(), config)].into())
}

fn root() -> Root {
    Root::default()
}
