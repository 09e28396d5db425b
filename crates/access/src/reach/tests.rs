//! What each role reaches, by example.

use super::*;

use crate::{Role, RoleConfig, Roles};

#[test]
fn the_roles_of_every_site_reach_what_they_may_over_mqtt() {
    let (all, none, one) = (Gates::All, only(&[]), only(&["gate_in"]));

    for (role, gates, sees, commands, speaks) in [
        (Role::Viewer, &[][..], &all, &none, &none),
        (Role::Viewer, &["gate_in"], &one, &none, &none),
        (Role::Integrator, &[], &all, &none, &none),
        (Role::Operator, &[], &all, &all, &none),
        (Role::Operator, &["gate_in"], &one, &one, &none),
        (Role::Admin, &[], &all, &all, &none),
        (Role::Admin, &["gate_in"], &one, &one, &none),
        (Role::Agent, &["gate_in"], &none, &none, &one),
        (Role::Gateway, &[], &all, &all, &all),
    ] {
        let reach = reach(&role, gates);
        assert_eq!((&reach.sees, &reach.pictures), (sees, sees), "{role} {gates:?}");
        assert_eq!((&reach.commands, &reach.speaks), (commands, speaks), "{role} {gates:?}");
    }
}

#[test]
fn a_gate_of_which_something_is_withheld_is_not_seen() {
    for (except, sees, pictures) in [
        ("parking/+/card_detected", only(&[]), Gates::All),
        ("parking/gate_in/error", only(&[]), Gates::All),
        ("parking/+/image", Gates::All, only(&[])),
        ("parking/gate_out/#", only(&["gate_in"]), only(&["gate_in"])),
        ("other/#", Gates::All, Gates::All),
    ] {
        let reach = custom(&[], &["#", "parking/gate_in/+"], &[except]);

        assert_eq!((reach.sees, reach.pictures), (sees, pictures), "{except}");
    }
}

#[test]
fn a_role_of_the_site_reaches_what_its_filters_cover() {
    let reach = custom(&["parking/gate_1/gate_control", "+/gate_2/#"], &["+/gate_1/#"], &[]);
    assert_eq!((reach.sees, reach.commands), (only(&["gate_1"]), only(&["gate_1", "gate_2"])));

    let reach = custom(&["#"], &["parking/+/gate_status", "sensors/#"], &[]);
    assert_eq!((reach.sees, reach.commands), (only(&[]), Gates::All));
}

#[test]
fn a_root_of_several_levels_is_no_gate() {
    let root: Root = "acme/gate_1/parking".parse().unwrap();
    let gates = ["gate_in".parse().unwrap()].into();
    let reach = Reach::of(&Role::Viewer.rights(&root, &gates, "anna", ""), &root);

    assert_eq!(reach.sees, only(&["gate_in"]));
}

fn reach(role: &Role, gates: &[&str]) -> Reach {
    let gates = gates.iter().map(|gate| gate.parse().unwrap()).collect();

    Reach::of(&role.rights(&Root::default(), &gates, "anna", ""), &Root::default())
}

fn custom(publish: &[&str], subscribe: &[&str], except: &[&str]) -> Reach {
    let owned = |filters: &[&str]| filters.iter().map(|filter| (*filter).to_owned()).collect();
    let config =
        RoleConfig { publish: owned(publish), subscribe: owned(subscribe), except: owned(except) };
    let roles = Roles::new(&[("custom".to_owned(), config)].into()).unwrap();

    reach(&roles.find("custom").unwrap(), &[])
}

fn only(gates: &[&str]) -> Gates {
    Gates::Only(gates.iter().map(|gate| gate.parse().unwrap()).collect())
}
