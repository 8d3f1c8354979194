//! The road of a capture: by loopback, or from behind walls through Tor, its exits or a named proxy. It is opened once, and
//! many orders may go along it.
//!
//! It lets no practice go to a public network, and no real case to a private one. It carries out nothing itself.

use std::{fs, os::unix::fs::DirBuilderExt, path::PathBuf, time::Duration};

use collect::{Shared, Through, canary, control::Circuit, destination::Refusal, relay::Relay, tor::Network};
use model::capture::Order;
use serde::{Deserialize, Serialize};
use store::StoreError;

use crate::{Desk, office::input, proxy::{self, ProxyKind}};

/// The way to the pages; the row of a crawl keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "through")]
pub enum Way {
    /// This machine's own loopback.
    Loopback,
    /// Tor, from behind walls.
    Tor {
        /// The description of a private network, on a training node; none is the public network.
        network: Option<PathBuf>,
    },
    /// To the open net through the exits of the same Tor, from behind the same walls.
    TorExit {
        /// As for [`Way::Tor`].
        network: Option<PathBuf>,
    },
    /// Through a proxy that an administrator named, from behind the same walls.
    Proxy {
        /// Its name.
        name: String,
        /// What it leads to.
        kind: ProxyKind,
    },
}

impl Way {
    pub(crate) fn transport(&self) -> &'static str {
        match self {
            Way::Loopback => collect::LOOPBACK_DIRECT,
            Way::Tor { .. } => collect::TOR,
            Way::TorExit { .. } => collect::TOR_EXIT,
            Way::Proxy { kind, .. } => kind.transport(),
        }
    }

    /// Whether it leads to the open net.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Way::TorExit { .. } | Way::Proxy { kind: ProxyKind::Agency, .. })
    }

    /// Whether it ends in a private network: only there is a name for practice a name.
    fn is_private(&self) -> bool {
        matches!(self, Way::Tor { network: Some(_) } | Way::TorExit { network: Some(_) })
    }

    /// Whether an order by this way may hold the address.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn reaches(&self, url: &str) -> Result<(), Refusal> {
        let network = if self.is_private() { "private" } else { collect::destination::PUBLIC };
        collect::destination::target_on(self.transport(), Some(network), url).map(|_| ())
    }

    /// What to do about an address that this way does not reach.
    pub(crate) fn instead(&self, url: &str) -> &'static str {
        let onion = collect::destination::target(collect::TOR, url).is_ok();
        match self {
            Way::Loopback | Way::TorExit { .. } if onion => "It is an onion service: write `--through tor`",
            Way::Proxy { .. } => "Do not open it with another program on this computer",
            Way::Loopback => "Capture it by hand and admit the file (`exhibit admit FILE --device … --address … --taken-at … --method …`)",
            Way::Tor { .. } if collect::destination::target(collect::TOR_EXIT, url).is_ok() => {
                "It is a page of the open net: `--through tor-exit` leads there, if your authority names this host in the source open. Do not open it with another program on this computer"
            }
            Way::Tor { .. } | Way::TorExit { .. } => "Do not open it with another program on this computer",
        }
    }
}

pub(super) const REACHED: &str = "the collector reached a socket that nobody inside its walls can reach: do not collect from this machine";

/// The longest that Tor may take until it has circuits.
const TOR_PATIENCE: Duration = Duration::from_secs(120);

/// What stands while captures run: nothing for loopback; Tor or a proxy, and the canaries, otherwise.
pub(crate) enum Road {
    Loopback,
    Walled(Box<Walled>),
}

/// What a session behind walls needs while it runs.
pub(crate) struct Walled {
    behind: Behind,
    canaries: canary::Cage,
    network: String,
    transport: &'static str,
}

/// What the one door in the walls leads to.
enum Behind {
    Tor(Shared),
    /// A proxy with a socket of its own.
    Socket(PathBuf),
    /// A proxy on a port.
    Relay(Relay),
}

impl Walled {
    /// The door: an order for onion services has no way to the open net, and the other way round.
    pub(super) fn door(&self) -> PathBuf {
        match &self.behind {
            Behind::Tor(tor) if self.transport == collect::TOR_EXIT => tor.exit(),
            Behind::Tor(tor) => tor.socket(),
            Behind::Socket(path) => path.clone(),
            Behind::Relay(relay) => relay.socket().into(),
        }
    }
}

impl Road {
    pub(crate) fn open(desk: &Desk, way: &Way, told: impl FnMut(u8)) -> Result<Road, StoreError> {
        let network = match way {
            Way::Loopback => return Ok(Road::Loopback),
            Way::Proxy { name, .. } => return Road::through_proxy(desk, way, name),
            Way::Tor { network } | Way::TorExit { network } => network,
        };
        let trouble = |cause: String| StoreError::Environment { attempt: "starting tor".into(), cause };
        let network = network.as_deref().map(|file| private_network(desk, file)).transpose()?;
        if network.is_none() && desk.store.config().training {
            return Err(StoreError::input(
                "this is a training node: name a private network with --tor-network (`lanternfish range tor up` makes one); nothing of practice goes to the public network",
            ));
        }
        let name = network.as_ref().map_or("public".to_string(), Network::name);
        let folder = desk.store.home().tor();
        let joined = Shared::join(desk.exe(), &folder, network.as_ref(), TOR_PATIENCE, told);
        let tor = joined.map_err(|e| trouble(if network.is_some() { format!("{e}. Is the private network up? See `lanternfish range tor status`") } else { e.to_string() }))?;
        let canaries = canary::Cage::open(&folder).map_err(|e| trouble(e.to_string()))?;
        Ok(Road::Walled(Box::new(Walled { behind: Behind::Tor(tor), canaries, network: name, transport: way.transport() })))
    }

    pub(super) fn through_proxy(desk: &Desk, way: &Way, name: &str) -> Result<Road, StoreError> {
        let trouble = |e: std::io::Error| StoreError::environment("opening the way to the proxy", &e);
        let folder = desk.store.home().tor();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(trouble)?;
        let folder = fs::canonicalize(folder).map_err(trouble)?;
        let behind = match proxy::listens(desk, name)? {
            proxy::Place::Socket(path) => Behind::Socket(path),
            proxy::Place::Port(address) => Behind::Relay(Relay::open(&folder, address).map_err(trouble)?),
        };
        let canaries = canary::Cage::open(&folder).map_err(trouble)?;
        Ok(Road::Walled(Box::new(Walled { behind, canaries, network: format!("proxy:{name}"), transport: way.transport() })))
    }

    pub(super) fn through(&self) -> Through {
        match self {
            Road::Loopback => Through::default(),
            Road::Walled(walled) => Through { proxy: Some(walled.door()), canaries: walled.canaries.told(), ..Through::default() },
        }
    }

    pub(super) fn transport(&self) -> &'static str {
        match self {
            Road::Loopback => collect::LOOPBACK_DIRECT,
            Road::Walled(walled) => walled.transport,
        }
    }

    pub(super) fn network(&self) -> Option<String> {
        if let Road::Walled(walled) = self { Some(walled.network.clone()) } else { None }
    }

    /// Whether it still leads somewhere.
    pub(super) fn stands(&self) -> bool {
        match self {
            Road::Loopback => true,
            Road::Walled(walled) => match &walled.behind {
                Behind::Tor(tor) => tor.stands(),
                // Whether a proxy still answers, its next order finds out.
                Behind::Socket(_) | Behind::Relay(_) => true,
            },
        }
    }

    /// The circuits of this order now. Tor may be gone; then nothing is seen of it any more.
    pub(super) fn circuits(&self, order: &Order) -> Option<Vec<Circuit>> {
        match (self, &order.isolation) {
            (Road::Walled(walled), Some(label)) => match &walled.behind {
                Behind::Tor(tor) => tor.circuits(label).ok(),
                Behind::Socket(_) | Behind::Relay(_) => None,
            },
            _ => None,
        }
    }

    /// Whether the child reached what nobody inside the walls can reach.
    pub(super) fn leak(&self) -> Option<String> {
        let reached = matches!(self, Road::Walled(walled) if walled.canaries.was_reached());
        reached.then(|| REACHED.into())
    }
}

/// A private network is for practice: on a node for real cases, an onion address of it would prove nothing.
fn private_network(desk: &Desk, file: &std::path::Path) -> Result<Network, StoreError> {
    if !desk.store.config().training {
        return Err(StoreError::input("a private Tor network is for training nodes: this node works on real cases"));
    }
    let text = fs::read_to_string(file).map_err(|e| StoreError::environment(format!("reading {}", file.display()), &e))?;
    Network::read(&text).map_err(input)
}
