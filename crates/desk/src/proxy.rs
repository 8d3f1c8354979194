//! Proxies by which pages may be reached: of the agency, or the one of an I2P router. An administrator names them,
//! each with who answers for it; every step is an event. A capture names the proxy, and its record does.
//!
//! It refuses a proxy that is not on this machine, a name that was ever given before, and, on a training node, every
//! host that is not one for practice: nobody can prove where somebody else's proxy leads.

use std::{fs, net::SocketAddr, os::unix::fs::FileTypeExt, path::{Path, PathBuf}};

use model::{Moment, Sha256Digest, authorize::NodeStep, event::EventType};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Basis, Content, Head, NewEvent, Number, Row, Session, StoreError, Write};

use crate::{Desk, capture::Way, office::input};

/// Kind of the rows.
const KIND: &str = "proxy";
/// The longest path that a Unix socket may have.
const LONGEST_SOCKET: usize = 107;

/// What a proxy leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyKind {
    /// The open net.
    Agency,
    /// I2P.
    I2p,
}

impl ProxyKind {
    /// As the collector calls that way.
    pub(crate) fn transport(self) -> &'static str {
        match self {
            ProxyKind::Agency => collect::PROXY,
            ProxyKind::I2p => collect::I2P,
        }
    }
}

impl std::str::FromStr for ProxyKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "agency" => Ok(ProxyKind::Agency),
            "i2p" => Ok(ProxyKind::I2p),
            _ => Err(format!("{} is no kind of proxy: agency or i2p", model::quoted(text))),
        }
    }
}

/// What is typed when a proxy is named.
#[derive(Debug, Clone)]
pub struct AddProxy {
    /// Its name.
    pub name: String,
    /// What it leads to.
    pub kind: ProxyKind,
    /// `unix:/path/of/socket`, or a loopback address with its port.
    pub at: String,
    /// Who runs it and answers for it.
    pub operator: String,
}

/// A proxy: its row (sealed under the agency's key), and as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyView {
    /// Its name.
    pub name: String,
    /// What it leads to.
    pub kind: ProxyKind,
    /// Where it listens.
    pub at: String,
    /// Who answers for it.
    pub operator: String,
    /// When it was named.
    pub added: Moment,
    /// By whom.
    pub added_by: String,
    /// Why it is not used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
}

/// Where a proxy listens.
pub(crate) enum Place {
    Socket(PathBuf),
    Port(SocketAddr),
}

fn place(at: &str) -> Result<Place, StoreError> {
    let wrong = || StoreError::input(format!("{} is no place of a proxy on this machine: write unix:/path/of/its/socket, 127.0.0.1:PORT or [::1]:PORT", model::quoted(at)));
    if let Some(path) = at.strip_prefix("unix:") {
        let fits = path.starts_with('/') && path.len() <= LONGEST_SOCKET && !path.chars().any(char::is_control);
        return if fits { Ok(Place::Socket(path.into())) } else { Err(wrong()) };
    }
    at.parse::<SocketAddr>().ok().filter(|address| address.ip().is_loopback() && address.port() > 0).map(Place::Port).ok_or_else(wrong)
}

fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(plain)
}

/// Names a proxy.
///
/// # Errors
/// Law 13 for other roles than the administrator; a name that was given before; a place that is not on this machine.
pub fn add(desk: &Desk, session: &Session, typed: &AddProxy) -> Result<ProxyView, StoreError> {
    desk.ready()?;
    desk.store.check_node_step(Some(session), NodeStep::KeepProxies)?;
    if !is_name(&typed.name) {
        return Err(StoreError::input("the name of a proxy has 1 to 32 small letters, digits and hyphens"));
    }
    place(&typed.at)?;
    if rows(desk)?.iter().any(|(_, known)| known.name == typed.name) {
        return Err(StoreError::input(format!("the name {} was given before, and records speak of it: choose another one", typed.name)));
    }
    let content = ProxyView {
        name: typed.name.clone(),
        kind: typed.kind,
        at: typed.at.clone(),
        operator: typed.operator.clone(),
        added: desk.now(),
        added_by: desk.name_of(session.actor())?.0,
        removed: None,
    };
    // Made from the name: two who name one at the same moment make one row, and the second is refused.
    let id = format!("proxy-{}", &Sha256Digest::of(format!("proxy\n{}", typed.name).as_bytes()).hex()[..32]);
    let row = write(desk, session, &id, "live", &content, Basis::New)?;
    let event = NewEvent::new(EventType::ProxyAdded, Some(id), json!({"name": content.name, "kind": content.kind, "at": content.at, "operator": content.operator}));
    desk.store.commit_node(Some(session), NodeStep::KeepProxies, event, vec![row])?;
    Ok(content)
}

/// Every proxy, those that were removed included; one consultation event.
///
/// # Errors
/// Law 13 for the defence and the court.
pub fn list(desk: &Desk, session: &Session) -> Result<Vec<ProxyView>, StoreError> {
    let views: Vec<ProxyView> = rows(desk)?.into_iter().map(|(_, content)| content).collect();
    let event = NewEvent::new(EventType::LogConsulted, None, json!({"what": "proxies", "count": views.len()}));
    desk.store.commit_node(Some(session), NodeStep::ReadLog, event, vec![])?;
    Ok(views)
}

/// Takes a proxy out of use; captures that run through it end.
///
/// # Errors
/// Law 13 for other roles; a proxy that is not there.
pub fn remove(desk: &Desk, session: &Session, name: &str, reason: &str) -> Result<ProxyView, StoreError> {
    desk.ready()?;
    desk.store.check_node_step(Some(session), NodeStep::KeepProxies)?;
    let (row, content) = one(desk, name)?;
    let content = ProxyView { removed: Some(reason.into()), ..content };
    let write = write(desk, session, &row.id, "removed", &content, Basis::Over(row.version))?;
    let event = NewEvent::new(EventType::ProxyRemoved, Some(row.id.clone()), json!({"name": content.name, "reason": reason}));
    desk.store.commit_node(Some(session), NodeStep::KeepProxies, event, vec![write])?;
    Ok(content)
}

/// The way through the proxy of this name.
///
/// # Errors
/// When there is no live one.
pub fn way(desk: &Desk, name: &str) -> Result<Way, StoreError> {
    Ok(Way::Proxy { name: name.into(), kind: one(desk, name)?.1.kind })
}

/// Where the live proxy of this name listens; what a socket must be is looked at now.
pub(crate) fn listens(desk: &Desk, name: &str) -> Result<Place, StoreError> {
    let place = place(&one(desk, name)?.1.at)?;
    if let Place::Socket(path) = &place {
        is_socket(path)?;
    }
    Ok(place)
}

fn is_socket(path: &Path) -> Result<(), StoreError> {
    let about = fs::symlink_metadata(path).map_err(|e| StoreError::environment(format!("finding the proxy's socket {}", path.display()), &e))?;
    match about.file_type().is_socket() {
        true => Ok(()),
        false => Err(StoreError::Environment { attempt: format!("finding the proxy's socket {}", path.display()), cause: "there is something else".into() }),
    }
}

/// Whether it is still one that may be used.
pub(crate) fn still_named(desk: &Desk, name: &str) -> Result<(), StoreError> {
    one(desk, name).map(|_| ())
}

fn one(desk: &Desk, name: &str) -> Result<(Row, ProxyView), StoreError> {
    let live = rows(desk)?.into_iter().find(|(row, known)| row.state == "live" && known.name == name);
    live.ok_or_else(|| StoreError::input(format!("there is no proxy {} in use: see `lanternfish proxy list`; an administrator names one with `lanternfish proxy add`", model::quoted(name))))
}

fn rows(desk: &Desk) -> Result<Vec<(Row, ProxyView)>, StoreError> {
    desk.store.register(KIND)?.into_iter().map(|row| { let content = row.content()?; Ok((row, content)) }).collect()
}

fn write(desk: &Desk, session: &Session, id: &str, state: &str, content: &ProxyView, basis: Basis) -> Result<Write, StoreError> {
    Ok(Write {
        head: Head { kind: KIND, id: id.into(), case: None, parent: None, number: Number::None, state: state.into(), actor: Some(session.actor().clone()), time: desk.now() },
        content: Content::Json(serde_json::to_value(content).map_err(input)?),
        index: vec![],
        basis,
    })
}
