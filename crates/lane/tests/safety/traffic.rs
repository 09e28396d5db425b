//! Over random traffic: every vehicle is let through, counted once, and never hit.

use std::time::Duration;

use lane::Config;
use proptest::prelude::*;
use schemas::GateAction;

use crate::street::{Driver, Street, Vehicle};

/// Longer than the last vehicle may be about, in ticks of a tenth of a second.
const AFTERWARDS: u64 = 20_000;

/// Something that happens, and the ticks until the next thing does.
#[derive(Debug, Clone)]
enum Step {
    Comes(Vehicle),
    Commanded(GateAction),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_vehicle_is_recorded_once_with_its_card(steps in steps(drivers(0), Just(None).boxed())) {
        let street = run(steps)?;

        prop_assert_eq!(&street.recorded, &street.passed);
        prop_assert!(street.is_at_rest(), "{street:?}");
    }

    #[test]
    fn every_vehicle_is_recorded_once_whatever_is_commanded(steps in steps(drivers(1), commands())) {
        let street = run(steps)?;

        prop_assert_eq!(street.recorded.len(), street.passed.len());
        prop_assert!(street.is_at_rest(), "{street:?}");
        prop_assert!(street.closings <= street.openings, "{street:?}");
    }
}

fn run(steps: Vec<(Step, u64)>) -> Result<Street, TestCaseError> {
    let config = Config { moves_per_minute: 1000, ..Config::default() };
    let mut street = Street::new(Config { travel: Duration::from_secs(5), ..config });

    for (step, ticks) in steps {
        match step {
            Step::Comes(vehicle) => street.arrive(vehicle),
            Step::Commanded(action) => street.command(action),
        }
        pass(&mut street, ticks)?;
    }
    street.command(GateAction::EmergencyReset);
    street.command(GateAction::Auto);
    pass(&mut street, AFTERWARDS)?;

    Ok(street)
}

fn pass(street: &mut Street, ticks: u64) -> Result<(), TestCaseError> {
    for _ in 0..ticks {
        if street.is_at_rest() {
            return Ok(());
        }
        street.tick().map_err(TestCaseError::fail)?;
    }

    Ok(())
}

fn steps(
    drivers: BoxedStrategy<Driver>,
    commands: BoxedStrategy<Option<GateAction>>,
) -> impl Strategy<Value = Vec<(Step, u64)>> {
    let step = (vehicle(drivers), commands).prop_map(|(vehicle, command)| match command {
        None => Step::Comes(vehicle),
        Some(action) => Step::Commanded(action),
    });

    prop::collection::vec((step, 0..300u64), 1..12)
}

fn commands() -> BoxedStrategy<Option<GateAction>> {
    use GateAction::{Auto, Close, EmergencyOpen, EmergencyReset, HoldOpen, Open};

    let actions = vec![Open, Open, Close, Close, HoldOpen, Auto, EmergencyOpen, EmergencyReset];
    prop::option::of(prop::sample::select(actions)).boxed()
}

/// Of those who back out, so many in ten: who goes in their stead cannot be told from them.
fn drivers(back_out: u32) -> BoxedStrategy<Driver> {
    prop_oneof![
        6 => Just(Driver::Orderly),
        2 => Just(Driver::Tailgater),
        1 => (1..400u64).prop_map(Driver::Stands),
        back_out => Just(Driver::BacksOut),
    ]
    .boxed()
}

fn vehicle(driver: BoxedStrategy<Driver>) -> impl Strategy<Value = Vehicle> {
    // From a motorcycle to a lorry with a trailer.
    (1.8..18.0f64, 0.5..5.0f64, driver)
        .prop_map(|(length, speed, driver)| Vehicle::new(length, speed, driver))
}
