//! `manless up`: broker, gateway and gates in one process.
//!
//! They talk MQTT over loopback as they would from machine to machine, so that nothing works
//! differently when they are taken apart. They stop in the reverse order of their start: the gates
//! say `stopped` while the gateway can show it and the broker can pass it on.

use std::{
    collections::BTreeMap,
    env,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use access::{Access, Role};
use anyhow::{Context, Result};
use broker::{Broker, Transport};
use gate_agent::{Agent, Config, HomeAssistant, Site};
use schemas::{GateId, Root};
use service::{
    Secret, Supervisor,
    config::{ConfigError, Settings},
    mqtt, open_files, signal, telemetry,
};
use site_sim::{Control, Gate};
use ws_gateway::Gateway;

use crate::welcome::{Logins, Welcome};

/// The control socket of the simulated gates, in the data directory.
pub(crate) const SOCKET: &str = "sim.sock";
/// How long each part may take to stop; the gateway may need more for many clients.
const GRACE: Duration = Duration::from_secs(4);
/// What the gates of a site without a configuration are called.
const GATES: [&str; 2] = ["gate_in", "gate_out"];

/// A user name and its password.
type Login = (String, Secret);

/// Everything that was started, as it is to be shown.
struct Running {
    supervisor: Supervisor,
    grace: Duration,
    welcome: Welcome,
    /// Serves the simulated gates until it is dropped.
    _control: Option<Control>,
}

#[tokio::main(worker_threads = 2)]
pub(crate) async fn run(config: Option<&Path>) -> Result<()> {
    let settings = Settings::load(config, env::vars())?;
    let quiet = format!("{},{}", broker::LOG_FILTER, gate_agent::LOG_FILTER);
    let _log = telemetry::init(&settings.read("log")?, &quiet)?;
    open_files::raise();
    let stop = signal::shutdown().context("cannot listen for signals")?;

    let running = start(&settings).await?;
    running.welcome.print().context("cannot write to standard output")?;
    running.supervisor.run(stop, running.grace).await?;

    Ok(())
}

async fn start(settings: &Settings) -> Result<Running> {
    let root: Root = settings.read("root")?;
    let mut supervisor = Supervisor::default();

    let access = Access::load(settings)?;
    let gates = gates(settings)?;
    // Before the broker starts: it looks whose the sessions are that it has stored.
    let gateway_login = access.house_user("gateway", Role::Gateway, None);
    let logins: Vec<Login> = gates
        .keys()
        .map(|gate| access.house_user(gate.as_str(), Role::Agent, [gate.clone()]))
        .collect();
    let data_dir = settings.data_dir()?;
    let broker =
        Broker::bind(settings.read("broker")?, root.clone(), access.clone(), &data_dir).await?;
    let mqtt = own_broker(&broker, settings.read("mqtt")?)?;
    let as_gateway = with(gateway_login, &mqtt);
    let gateway = settings.read::<ws_gateway::Config>("gateway")?.in_data_dir(&data_dir);
    let gateway = Gateway::bind(gateway, as_gateway, root.clone(), access.clone()).await?;
    let scheme = if gateway.has_tls() { "https" } else { "http" };
    let dashboard = format!("{scheme}://{}/", gateway.local_addr());
    let grace = GRACE.max(gateway.grace());
    let home_assistant: HomeAssistant = settings.read("home_assistant")?;
    let agents = gates
        .into_iter()
        .zip(logins)
        .map(|((gate, config), login)| {
            let mqtt = with(login, &mqtt);
            let site = Site {
                root: root.clone(),
                data_dir: data_dir.clone(),
                mqtt,
                home_assistant: home_assistant.clone(),
            };

            Agent::prepare(gate, config, site)
        })
        .collect::<Result<Vec<Agent>, _>>()?;
    let simulated: Vec<Arc<Gate>> = agents.iter().filter_map(Agent::simulation).collect();
    let control = control(&data_dir, &simulated)?;
    let welcome = Welcome {
        broker: broker.addresses().to_vec(),
        mqtt: mqtt.clone(),
        dashboard,
        root,
        data_dir,
        logins: Logins::of(&access),
        gates: agents.iter().map(|agent| (agent.gate().clone(), agent.devices())).collect(),
        program: env::args().next().unwrap_or_else(|| "manless".to_owned()),
        simulated: simulated.iter().map(|gate| gate.name().to_owned()).collect(),
    };

    supervisor.spawn("users", |cancel| access.watch_file(cancel));
    supervisor.spawn("broker", |cancel| broker.run(cancel));
    supervisor.next_stage();
    supervisor.spawn("gateway", |cancel| gateway.run(cancel));
    supervisor.next_stage();
    for agent in agents {
        agent.start(&mut supervisor);
    }

    Ok(Running { supervisor, grace, welcome, _control: control })
}

/// How the parts of this process reach its broker: in the clear where it listens so, and
/// otherwise over TLS, for which `[mqtt.tls]` says whom to believe.
fn own_broker(broker: &Broker, mqtt: mqtt::Config) -> Result<mqtt::Config, ConfigError> {
    if let Some(address) = broker.address(Transport::Tcp) {
        let here = SocketAddr::new(reachable(address.ip()), address.port());
        return Ok(mqtt::Config::at(here));
    }
    let Some(address) = broker.address(Transport::Tls).filter(|_| mqtt.tls.is_some()) else {
        return Err(ConfigError::Refused {
            key: "mqtt.tls".to_owned(),
            reason: "the gates of this process reach their broker through `broker.listen` or \
                     `broker.listen_tls`: where there is only the latter, say who vouches for it, \
                     `mqtt.tls = { ca = \"ca.pem\" }`"
                .to_owned(),
        });
    };

    Ok(mqtt::Config { port: Some(address.port()), ..mqtt })
}

/// How a part of this process gets into its broker.
fn with((username, password): Login, broker: &mqtt::Config) -> mqtt::Config {
    mqtt::Config { username: Some(username), password: Some(password), ..broker.clone() }
}

/// Where a broker that listens everywhere is on this machine.
pub(crate) fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => address,
    }
}

/// The gates of the configuration; without any, two that are simulated.
fn gates(settings: &Settings) -> Result<BTreeMap<GateId, Config>> {
    if settings.mentions("gates") {
        return Ok(settings.read("gates")?);
    }

    GATES.iter().map(|name| Ok((name.parse()?, Config::simulated()))).collect()
}

fn control(data_dir: &Path, gates: &[Arc<Gate>]) -> Result<Option<Control>> {
    if gates.is_empty() {
        return Ok(None);
    }

    Control::serve(&data_dir.join(SOCKET), gates.to_vec())
        .map(Some)
        .context("cannot offer the simulated gates")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_a_configuration_is_one() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/manless.toml");
        let settings = Settings::load(Some(&file), []).unwrap();

        settings.read::<telemetry::Config>("log").unwrap();
        settings.read::<mqtt::Config>("mqtt").unwrap().validate().unwrap();
        let access = Access::without_logins(&settings.read("root").unwrap());
        settings.read::<access::Config>("access").unwrap();
        settings.read::<broker::Config>("broker").unwrap().validate(&access).unwrap();
        settings.read::<ws_gateway::Config>("gateway").unwrap().validate(&access).unwrap();
        let gates = gates(&settings).unwrap();
        assert_eq!(gates.len(), 2);
        for (gate, config) in &gates {
            config.validate(gate).unwrap();
        }
    }
}
