//! Capture: the desk signs an order, renews it while the permit lives, and admits the signed spool
//! (laws 1, 15). A capture that could not be signed never becomes evidence.

use std::{collections::{BTreeMap, BTreeSet}, fs, os::unix::fs::DirBuilderExt, time::{Duration, Instant}};

use collect::{Collector, Running, Through, canary, control::Circuit};
use ledger::{SigningKey, VerifyingKey};
use model::{
    Law, Sha256Digest,
    action::Action,
    authority::SourceClass,
    authorize::Ground,
    capture::{CaptureRecord, FetchOutcome, MAX_LEASE_SECONDS, Order, Rendering},
    event::EventType,
    exhibit::{ExhibitClass, ExhibitKind, Origin},
    id::{AuthorityId, OrderId, PersonaId},
    known::{KnownHit, class_after},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Intent, NewEvent, Permit, Row, Scope, StoreError, Turn, Write, vault::{blob::AlsoDigest, secret::{random_16, random_32}, wrap::Identity}};

use crate::{
    Desk, accident,
    authority::origin_under,
    crawl,
    admit::{self, ExhibitContent, ExhibitView},
    known::{self, Known},
    proxy::{self, ProxyKind},
    office::input,
    persona::{self, Companion},
    row::{Draft, for_action, fresh_exhibit, fresh_order},
};

mod progress;
mod road;
mod spool;

pub use progress::Underway;
pub use road::Way;
pub(crate) use progress::{alone, of_order};
pub(crate) use road::Road;
pub use spool::recover;
pub(crate) use spool::{AFTER_ITS_DESK, give_up, is_attended, is_held, is_here, left_spools, recover_one, sweep};
use road::REACHED;
use spool::{FAILED, empty_spool, is_given_up_unseen, spool_folder, spool_of};

/// What is to be captured.
#[derive(Debug, Clone)]
pub struct CaptureWish {
    /// Exactly these URLs.
    pub urls: Vec<String>,
    /// By which way.
    pub way: Way,
    /// Class of the source, and whom and where it concerns.
    pub origin: Origin,
    /// Most bytes in all.
    pub byte_budget: u64,
    /// Longest wait for one response.
    pub timeout_ms: u64,
    /// One line: what is captured and why.
    pub description: String,
    /// For a persona: what its officer takes along.
    pub persona: Option<Companion>,
    /// Pictures, films, documents and archives too, which an authority must allow by name.
    pub media: bool,
    /// Opened in a browser too, which an authority must allow by name.
    pub browser: Option<Rendering>,
}

impl CaptureWish {
    /// One intent per host, and one more for media: each host must be inside the authority's selectors.
    ///
    /// # Errors
    /// When a URL has no host.
    pub fn intents(&self) -> Result<Vec<Intent>, StoreError> {
        let hosts = hosts(&self.urls)?;
        if hosts.is_empty() {
            return Err(StoreError::input("name at least one URL to capture"));
        }
        let more = [(self.media, Action::CollectMedia), (self.browser.is_some(), Action::CollectRendered)];
        let actions = std::iter::once(Action::Collect).chain(more.into_iter().filter_map(|(wanted, action)| wanted.then_some(action)));
        Ok(actions.flat_map(|action| hosts.iter().map(move |host| self.intent(action, host.clone()))).collect())
    }

    /// Bytes with a hole cannot be compared with lists of known hashes, and for media that is what keeps people from
    /// looking at what nobody may have.
    ///
    /// # Errors
    /// For media with the session of a persona.
    pub fn no_media_with_a_session(&self, persona: bool) -> Result<(), StoreError> {
        if self.media && persona {
            return Err(StoreError::input("--media any cannot be used with --persona: what belongs to the session is covered in the bytes, and a picture with covered bytes cannot be compared with lists of known hashes. Capture text with the persona, or media without it"));
        }
        Ok(())
    }

    /// What a persona does it does under its own authority and no other.
    fn intent(&self, action: Action, host: String) -> Intent {
        let intent = Intent::to(action).on(&self.origin).aimed_at(host);
        match &self.persona {
            Some(companion) => intent.only_under(companion.authority.clone()),
            None => intent,
        }
    }
}

/// An address as it was typed, in the spelling in which it is asked for: one with letters beyond ASCII as a crawl writes it,
/// every other as it is.
///
/// # Errors
/// When it cannot be read in one way, with what to do.
pub fn written(typed: &str) -> Result<String, StoreError> {
    if typed.is_ascii() {
        return Ok(typed.to_string());
    }
    let read = model::crawl::Address::alone(typed);
    read.map(|address| address.as_str().to_string()).map_err(|why| {
        StoreError::input(format!("{} cannot be captured: {}. Nothing was made. A host is written in ASCII letters: the form that begins with xn--", model::quoted(typed), why.in_words()))
    })
}

/// The hosts of these URLs.
///
/// # Errors
/// When a URL has none.
pub fn hosts(urls: &[String]) -> Result<BTreeSet<String>, StoreError> {
    urls.iter().map(|url| host_of(url)).collect()
}

/// Every host that an order of the case was for.
pub(crate) fn hosts_visited(desk: &Desk, scope: &Scope) -> Result<BTreeSet<String>, StoreError> {
    let orders = desk.store.list(scope, "order")?.into_iter().map(|row| row.content::<OrderContent>());
    let urls = orders.collect::<Result<Vec<_>, _>>()?.into_iter().flat_map(|content| content.order.urls);
    Ok(urls.filter_map(|url| host_of(&url).ok()).collect())
}

/// The host that a permit must name. What two readers could read differently is refused, so that the
/// host asked for is the host that the collector goes to.
pub(crate) fn host_of(url: &str) -> Result<String, StoreError> {
    if url.bytes().any(|b| matches!(b, b'\\' | b'@') || !b.is_ascii_graphic()) {
        return Err(StoreError::input(format!("{url} has a sign that URLs here do not have (blank, @, backslash or a letter that is not ASCII): write %20 for a blank, and the host without a user's name", url = model::quoted(url))));
    }
    let rest = url.split_once("://").map(|(_, rest)| rest);
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let host = host.map(|h| h.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(h, |(name, _)| name));
    host.filter(|h| !h.is_empty()).map(str::to_lowercase).ok_or_else(|| StoreError::input(format!("{url} is not a URL with a host", url = model::quoted(url))))
}

/// The order's row: what is needed to admit its spool later, also after a crash.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OrderContent {
    order: Order,
    /// age identity that opens the spool.
    spool_identity: String,
    /// Public key that the collector signs with, hexadecimal.
    collector_key: String,
    description: String,
    origin: Origin,
    /// The persona that it was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    persona: Option<PersonaId>,
    /// The crawl of which it is a round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crawl: Option<String>,
    /// The exhibit of which it is a second capture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    again: Option<String>,
    /// It was given up by a machine that could not see its spool.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unseen: bool,
}

/// What came of a capture.
#[derive(Debug, Clone, Serialize)]
pub struct CaptureView {
    /// The exhibit, when there is one.
    pub exhibit: ExhibitView,
    /// The collector's own record; not shown of a restricted item, because it holds digests (law 7).
    #[serde(skip)]
    pub record: CaptureRecord,
    /// The same as it may be shown.
    #[serde(rename = "record", skip_serializing_if = "Option::is_none")]
    shown: Option<CaptureRecord>,
    /// Why it was stopped before its end, when the authority ended meanwhile (law 15).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

const RENEW_EVERY: Duration = Duration::from_secs(10);
/// The longest lease.
const LEASE: Duration = Duration::from_secs(MAX_LEASE_SECONDS.unsigned_abs());
const POLL: Duration = Duration::from_millis(10);
/// How long a child may take to sign after its order was withdrawn.
const GRACE: Duration = Duration::from_secs(8);

/// What a capture says while it runs.
#[derive(Debug)]
pub enum Told {
    /// Tor builds its way.
    Tor(u8),
    /// How far it is, once a second.
    Under(Underway),
}

/// Captures the URLs and admits the result.
///
/// `permits` holds one permit per host ([`CaptureWish::intents`]), all from the same person and case.
///
/// # Errors
/// Law 15 when the authority ended meanwhile and nothing usable came; a spool that is not signed.
pub fn run(
    desk: &Desk,
    scope: &Scope,
    permits: &[Permit],
    wish: &CaptureWish,
    told: &mut dyn FnMut(Told),
) -> Result<CaptureView, StoreError> {
    not_stopped(desk, scope, &hosts(&wish.urls)?)?;
    let road = open(desk, permits, wish, |percent| told(Told::Tor(percent)))?;
    along(desk, scope, permits, wish, &road, Errand::alone(&mut |under| told(Told::Under(under))))
}

/// The road for a wish that may be carried out.
pub(crate) fn open(desk: &Desk, permits: &[Permit], wish: &CaptureWish, told: impl FnMut(u8)) -> Result<Road, StoreError> {
    allowed(permits, wish)?;
    practised(desk, wish)?;
    Road::open(desk, &wish.way, told)
}

/// Where somebody else's proxy leads, nobody here can prove: on a training node only to names that nobody may have,
/// and names for practice are no names of a real case.
fn practised(desk: &Desk, wish: &CaptureWish) -> Result<(), StoreError> {
    may_go(desk, &wish.way, &wish.origin, &hosts(&wish.urls)?, wish.persona.is_some())
}

/// The same, asked before anything of a persona is opened and before a crawl is written down.
pub(crate) fn may_go(desk: &Desk, way: &Way, origin: &Origin, hosts: &BTreeSet<String>, persona: bool) -> Result<(), StoreError> {
    let (source, training) = (origin.source, desk.store.config().training);
    if way.is_open() && source != SourceClass::Open && !(training && source == SourceClass::Synthetic) {
        return Err(StoreError::input(format!("pages of the open net are the source open, not {}: write `--source open`, and have an authority for it that names the host", source.name())));
    }
    let Way::Proxy { kind, .. } = way else { return Ok(()) };
    if persona {
        return Err(StoreError::input("a proxy has no circuits of its own for a persona: two of them could be seen as one. Nothing was made; use the persona through Tor"));
    }
    if training && *kind == ProxyKind::I2p {
        return Err(StoreError::input("this is a training node, and I2P has no network to practise on. Nothing was made"));
    }
    let practice = |host: &String| host.ends_with(".test");
    match hosts.iter().find(|host| *kind == ProxyKind::Agency && practice(host) != training) {
        Some(host) if training => Err(StoreError::input(format!("this is a training node: through a proxy only names that end in .test are asked for, and {} does not. Nothing was made", model::quoted(host)))),
        Some(host) => Err(StoreError::input(format!("{} is a name for practice, and this node works on real cases. Nothing was made", model::quoted(host)))),
        None => Ok(()),
    }
}

/// What an order is a round of: rows that are written with it, and how the collector goes about it.
pub(crate) struct Round<'a> {
    /// The crawl.
    pub crawl: &'a str,
    /// Most bytes of one response.
    pub page_bytes: u64,
    /// Pause between two requests to one host.
    pub pause_ms: u64,
    /// What is written in the step that signs the order.
    pub taken: &'a dyn Fn(&OrderId) -> Result<Vec<Write>, StoreError>,
}

/// Whether the wish may be carried out at all: before a road is opened, and again before each order on it.
fn allowed<'p>(permits: &'p [Permit], wish: &CaptureWish) -> Result<&'p Permit, StoreError> {
    let permit = permits.first().ok_or_else(|| StoreError::refused(Law::Permit, "a capture needs a permit"))?;
    for_action(permit, Action::Collect)?;
    covered(permits, wish)?;
    wish.no_media_with_a_session(wish.persona.is_some())?;
    reachable(wish)?;
    if wish.browser.is_some() && wish.persona.is_some() {
        return Err(StoreError::input("a browser has no cookies here, so a persona cannot use it. Nothing was made. Leave --browser or --persona out"));
    }
    wish.persona.as_ref().map_or(Ok(()), |companion| companion.stands_in_none(&wish.urls))?;
    Ok(permit)
}

/// What an order is carried out for, beside its wish.
pub(crate) struct Errand<'a> {
    /// A round of a crawl.
    round: Option<&'a Round<'a>>,
    /// A second capture of what this exhibit holds.
    first: Option<&'a str>,
    /// Hears how far it is, once a second.
    told: &'a mut dyn FnMut(Underway),
}

impl<'a> Errand<'a> {
    /// For itself.
    pub(crate) fn alone(told: &'a mut dyn FnMut(Underway)) -> Self {
        Errand { round: None, first: None, told }
    }

    /// As the same addresses once more, under an order of its own that names the exhibit of the first.
    pub(crate) fn again(first: &'a str, told: &'a mut dyn FnMut(Underway)) -> Self {
        Errand { round: None, first: Some(first), told }
    }

    /// As a round of a crawl.
    pub(crate) fn round(round: &'a Round<'a>, told: &'a mut dyn FnMut(Underway)) -> Self {
        Errand { round: Some(round), first: None, told }
    }
}

/// Carries out one order on a road that stands: signs it, attends the child, admits what it brought.
/// Many orders may go along one road, one after the other; each asks for its permits and its own label.
pub(crate) fn along(desk: &Desk, scope: &Scope, permits: &[Permit], wish: &CaptureWish, road: &Road, errand: Errand<'_>) -> Result<CaptureView, StoreError> {
    let permit = allowed(permits, wish)?;
    practised(desk, wish)?;
    if road.transport() != wish.way.transport() {
        return Err(StoreError::input("this road does not lead where the order goes"));
    }
    if !road.stands() {
        return Err(StoreError::Environment { attempt: "capturing".into(), cause: "tor ended meanwhile; nothing was asked for: repeat the command".into() });
    }
    not_stopped(desk, scope, &hosts(&wish.urls)?)?;
    still_named(desk, wish)?;
    let (mut content, child_seed) = order(desk, scope, permit, wish, road.network())?;
    for permit in permits.iter().filter(|_| wish.origin.under.is_none()) {
        content.origin.under = origin_under(desk, scope, permit, &wish.origin)?.under.or(content.origin.under);
    }
    // Before the order is written down: an order whose folder is not here is another machine's.
    let (spool, _attending) = spool_folder(desk, &content.order.order)?;
    // On a server it says to all machines that this order has its desk; it goes with this connection, however that ends.
    let turn = desk.store.take_turn(content.order.order.as_str())?.ok_or(StoreError::Conflict)?;
    content.again = errand.first.map(str::to_string);
    let mut rows = Vec::new();
    if let Some(round) = errand.round {
        content.crawl = Some(round.crawl.into());
        content.order.page_budget = Some(round.page_bytes);
        content.order.pause_ms = Some(round.pause_ms);
        rows = (round.taken)(&content.order.order)?;
    }
    if let Some(companion) = &wish.persona {
        rows.push(persona::note_use(desk, scope, companion, &content.order.order, &hosts(&wish.urls)?)?);
    }
    rows.push(Draft::new("order", content.order.order.to_string(), "running").write(scope, desk.now(), &content)?);
    let detail = json!({"urls": wish.urls, "description": wish.description, "transport": content.order.transport, "crawl": content.crawl, "again": content.again});
    let event = NewEvent::new(EventType::CaptureOrdered, Some(content.order.order.to_string()), detail);
    if let Err(error) = desk.store.commit(scope, permit, event, rows) {
        let _ = fs::remove_dir_all(&spool);
        return Err(error);
    }
    let desk_key = desk_key(desk)?;
    let written = desk.store.get(scope, "order", content.order.order.as_str())?;
    let watch = browser_watch(desk, wish, road)?;
    let started = Collector::new(desk.exe()).start_through(&through(road, wish, watch.as_ref()), &spool, &content.order, &desk_key, child_seed);
    let mut watched = Watched { road, spool: &spool, circuits: None, looked_at: Instant::now(), turn: &turn, told: errand.told };
    let ended = attend(desk, scope, permits, wish, started.map_err(collector_error)?, &mut watched)?;
    let leak = road.leak().or_else(|| watch.filter(canary::Cage::was_reached).map(|_| REACHED.to_string()));
    let view = admit_spool(desk, scope, permit, &written, &content, &ended.with(leak));
    empty_spool(desk, scope, &content.order.order, &view)?;
    view
}

/// Refuses what an accident stops. Who cannot ask whether it is stopped does not capture either.
pub(crate) fn not_stopped(desk: &Desk, scope: &Scope, hosts: &BTreeSet<String>) -> Result<(), StoreError> {
    match accident::stops(desk, scope, hosts) {
        Err(StoreError::Refused { law, text }) => Err(desk.store.refuse(scope, &Intent::to(Action::Collect), law, text)?),
        asked => asked,
    }
}

/// The road, and what is taken along on it.
fn through(road: &Road, wish: &CaptureWish, watch: Option<&canary::Cage>) -> Through {
    let way = road.through();
    let canaries = watch.map_or(way.canaries.clone(), canary::Cage::told);
    Through { carried: wish.persona.as_ref().map(Companion::carried).unwrap_or_default(), canaries, ..way }
}

/// What the desk listens on while a browser runs beside a collector that has no walls of its own.
fn browser_watch(desk: &Desk, wish: &CaptureWish, road: &Road) -> Result<Option<canary::Cage>, StoreError> {
    if wish.browser.is_none() || matches!(road, Road::Walled(_)) {
        return Ok(None);
    }
    let trouble = |e: std::io::Error| StoreError::environment("watching over the browser", &e);
    let folder = desk.store.home().tor();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(trouble)?;
    canary::Cage::open(&folder).map(Some).map_err(trouble)
}

/// A proxy that an administrator took out of use leads nowhere any more, also on a road that stands.
fn still_named(desk: &Desk, wish: &CaptureWish) -> Result<(), StoreError> {
    match &wish.way {
        Way::Proxy { name, .. } => proxy::still_named(desk, name),
        Way::Loopback | Way::Tor { .. } | Way::TorExit { .. } => Ok(()),
    }
}

/// Whether work may go on: each permit lives, a persona is still out, and nobody came upon what nobody may have.
pub(crate) fn goes_on(desk: &Desk, scope: &Scope, permits: &[Permit], wish: &CaptureWish) -> Result<(), StoreError> {
    permits.iter().try_for_each(|permit| desk.store.still_live(scope, permit))?;
    if let Some(companion) = &wish.persona {
        persona::still_out(desk, scope, companion.id())?;
    }
    still_named(desk, wish)?;
    accident::stops(desk, scope, &hosts(&wish.urls)?)
}

/// How a run ended, as the desk saw it.
#[derive(Debug, Default)]
struct Ended {
    /// The authority ended meanwhile.
    revoked: Option<StoreError>,
    /// What the child said when it refused to work, or what the desk saw of a leak.
    fault: Option<String>,
    /// The desk died meanwhile, and with it its own watch over what nobody inside the walls may reach.
    unwatched: bool,
    /// The circuits that Tor made for this order's label, as the desk saw them once a second; none when Tor never answered.
    circuits: Option<BTreeSet<Circuit>>,
}

impl Ended {
    fn with(self, fault: Option<String>) -> Ended {
        Ended { fault: fault.or(self.fault), ..self }
    }
}

/// Every host of the wish must be named by one of the permits.
fn covered(permits: &[Permit], wish: &CaptureWish) -> Result<(), StoreError> {
    for intent in wish.intents()? {
        if !permits.iter().any(|permit| permit.is_for(&intent)) {
            return Err(StoreError::refused(Law::Permit, format!("no permit to {} names the host {}", intent.action, intent.target.unwrap_or_default())));
        }
    }
    Ok(())
}

/// Refuses addresses that no transport of today can reach, before an order or an exhibit is made of them.
fn reachable(wish: &CaptureWish) -> Result<(), StoreError> {
    for url in &wish.urls {
        wish.way.reaches(url).map_err(|refusal| StoreError::input(format!("{url} cannot be captured: {refusal}. Nothing was made. {}", wish.way.instead(url), url = model::quoted(url))))?;
    }
    Ok(())
}

fn order(desk: &Desk, scope: &Scope, permit: &Permit, wish: &CaptureWish, network: Option<String>) -> Result<(OrderContent, [u8; 32]), StoreError> {
    let authority: AuthorityId = match permit.ground() {
        Ground::Authority(id) => id.clone(),
        Ground::Standing(_) | Ground::Release(_) => return Err(StoreError::refused(Law::Permit, "nothing is collected on a standing basis")),
    };
    let identity = Identity::generate()?;
    let child_seed = random_32()?;
    let now = desk.now();
    let order = Order {
        order: fresh_order()?,
        serial: 1,
        case: scope.case().clone(),
        authority,
        actor: scope.actor().clone(),
        urls: wish.urls.clone(),
        byte_budget: wish.byte_budget,
        page_budget: None,
        pause_ms: None,
        timeout_ms: wish.timeout_ms,
        media: wish.media,
        browser: wish.browser.clone(),
        transport: wish.way.transport().into(),
        isolation: match wish.way {
            Way::Loopback | Way::Proxy { .. } => None,
            // A persona has one label for life; without one, each order has its own.
            Way::Tor { .. } | Way::TorExit { .. } => Some(wish.persona.as_ref().map_or_else(|| Ok(hex::encode(random_16()?)), |companion| Ok::<_, StoreError>(companion.label().into()))?),
        },
        network,
        keeping: wish.persona.as_ref().map(Companion::keeping),
        spool_recipient: identity.recipient().to_string(),
        issued: now,
        until: now.plus_seconds(MAX_LEASE_SECONDS),
    };
    let content = OrderContent {
        order,
        spool_identity: identity.secret_text().text()?.to_string(),
        collector_key: hex::encode(SigningKey::from_bytes(&child_seed).verifying_key().to_bytes()),
        description: wish.description.clone(),
        origin: wish.origin.clone(),
        persona: wish.persona.as_ref().map(|companion| companion.id().clone()),
        crawl: None,
        again: None,
        unseen: false,
    };
    Ok((content, child_seed))
}

/// The key with which the desk signs orders: derived for this one purpose from the log's seed.
fn desk_key(desk: &Desk) -> Result<SigningKey, StoreError> {
    let seed = desk.store.node_secret("log.key")?.ok_or_else(|| StoreError::damaged("the log key is missing"))?;
    let derived = Sha256Digest::of(&[b"lanternfish desk order key\n".as_slice(), &seed].concat());
    Ok(SigningKey::from_bytes(&derived.0))
}

fn collector_error(error: collect::CollectorError) -> StoreError {
    StoreError::Environment { attempt: "starting the capture child".into(), cause: error.to_string() }
}

/// What the desk sees of an order while it runs.
struct Watched<'a> {
    road: &'a Road,
    spool: &'a std::path::Path,
    circuits: Option<BTreeSet<Circuit>>,
    looked_at: Instant,
    turn: &'a Turn,
    told: &'a mut dyn FnMut(Underway),
}

impl Watched<'_> {
    /// Looks once a second, and once more at the end.
    fn look(&mut self, order: &Order, ended: bool) {
        if !ended && self.looked_at.elapsed() < Duration::from_secs(1) {
            return;
        }
        self.looked_at = Instant::now();
        if let Some(seen) = self.road.circuits(order) {
            let all = self.circuits.get_or_insert_default();
            all.extend(seen);
            progress::note_circuits(self.spool, all.len());
        }
        if !ended {
            (self.told)(progress::of(self.spool, &order.order, order.issued, order.urls.len()));
        }
    }
}

/// Renews the lease while every permit lives; otherwise withdraws the order.
fn attend(desk: &Desk, scope: &Scope, permits: &[Permit], wish: &CaptureWish, mut running: Running, watched: &mut Watched<'_>) -> Result<Ended, StoreError> {
    let mut renewed_at = Instant::now();
    let mut asked_at = Instant::now();
    let mut refusal: Option<(StoreError, Instant)> = None;
    loop {
        let status = running.poll();
        if refusal.is_none() {
            watched.look(running.order(), status.is_some());
        }
        if let Some(status) = status {
            let fault = (!status.success()).then(|| running.message()).filter(|said| !said.is_empty());
            return Ok(Ended { revoked: refusal.map(|(error, _)| error), fault, unwatched: false, circuits: watched.circuits.take() });
        }
        if let Some((_, since)) = &refusal {
            if since.elapsed() > GRACE {
                running.kill().map_err(collector_error)?;
            }
        } else if asked_at.elapsed() >= Duration::from_secs(1) {
            asked_at = Instant::now();
            // A desk that lost its turn may have been taken for dead: it asks for nothing more.
            if let Err(error) = watched.turn.holds().and_then(|()| goes_on(desk, scope, permits, wish)) {
                running.withdraw().map_err(collector_error)?;
                refusal = Some((error, Instant::now()));
            } else if renewed_at.elapsed() >= RENEW_EVERY {
                let next = collect::renewed(running.order(), desk.now(), MAX_LEASE_SECONDS);
                running.renew(&next).map_err(collector_error)?;
                renewed_at = Instant::now();
            }
        }
        std::thread::sleep(POLL);
    }
}

/// Admits what is in the spool, if its record's signature and digests hold. What was captured while
/// the authority lived stays lawful to keep; when it ended meanwhile, the record says partial.
///
/// `running` is the order's row as it was when this desk took the work up: what is written stands over that version,
/// so that of two desks one ends the order, and the other seals nothing.
fn admit_spool(desk: &Desk, scope: &Scope, permit: &Permit, running: &Row, content: &OrderContent, ended: &Ended) -> Result<CaptureView, StoreError> {
    let revoked = ended.revoked.as_ref();
    let running = &still_open(desk, scope, running)?;
    let spool = desk.store.home().spool().join(content.order.order.as_str());
    let identity: age::x25519::Identity = content.spool_identity.parse().map_err(|_| StoreError::damaged("a spool identity"))?;
    let record = match believed(&spool, content, &identity, ended)? {
        Ok(record) => record,
        Err(why) => return Err(end_without_evidence(desk, scope, running, content, &why)?),
    };
    // Admission of what was lawfully captured stands on custody, because the authority may be over now.
    let keep = desk.store.permit(scope, Intent::to(Action::Transfer))?;
    let writer = if revoked.is_some() { &keep } else { permit };
    let (id, mut lists) = (fresh_exhibit()?, Known::open(desk, scope)?);
    let also = lists.also(AlsoDigest::default());
    let mut blob = desk.store.new_blob(scope, writer, id.as_str(), ExhibitClass::Ordinary, Some(&content.origin), also)?;
    let mut warc = collect::open_warc(&spool, &identity).map_err(input)?;
    std::io::copy(&mut warc, &mut blob).map_err(|e| StoreError::environment("storing the capture", &e))?;
    let (mut blob, mut hits) = admit::matched(desk, &lists, blob.finish()?)?;
    if !lists.are_all(desk)? {
        // It was captured and cannot be captured again: what a new list asks for and was not computed, the event tells.
        lists = Known::open(desk, scope)?;
        (blob, hits) = admit::matched(desk, &lists, blob)?;
    }
    if blob.summary.sha256 != record.warc_digest {
        return Err(StoreError::refused(Law::Integrity, "the capture's bytes are not those that its record signs"));
    }
    let signed_record = fs::read_to_string(spool.join("record.json")).map_err(|e| StoreError::environment("reading the capture record", &e))?;
    let source = content.order.urls.first().cloned().unwrap_or_default();
    let mut exhibit = ExhibitContent {
        kind: ExhibitKind::Capture,
        original_name: Some("capture.warc".into()),
        blob: Some(blob.id.clone()),
        sha256: Some(blob.summary.sha256),
        length: Some(blob.summary.length),
        record: Some(json!({"record": record, "signed": signed_record, "collector-key": content.collector_key, "circuits": ended.circuits})),
        findings: is_given_up_unseen(running).then(|| GIVEN_UP.to_string()).into_iter().chain(remarks(content, &record, ended, &hits)).collect(),
        known: hits.clone(),
        ..admit::blank(desk, scope, &content.description, &source, &content.origin, class_after(ExhibitClass::Ordinary, &hits))?
    };
    let mut blob_row = [blob.row];
    crate::reclassify::inherit(desk, scope, &mut exhibit, &mut blob_row)?;
    let [blob_row] = blob_row;
    let mut draft = Draft::new("exhibit", id.to_string(), "sound").numbered();
    draft = draft.found_by("exhibit.sha256", blob.summary.sha256.hex());
    let exhibit_row = draft.write(scope, desk.now(), &exhibit)?;
    let done_row = Draft::new("order", content.order.order.to_string(), "ended").over(running).write(scope, desk.now(), content)?;
    let detail = json!({
        "order": content.order.order.as_str(), "complete": record.complete, "fetches": record.fetches, "browser": record.browser, "sha256": record.warc_digest,
        "length": record.warc_bytes.to_string(), "stopped-by": revoked.map(ToString::to_string), "record": signed_record,
        "description": content.description, "known": known::in_event(&hits), "not-compared": lists.not_compared(), "released-after": lists.passed_over(), "circuits": ended.circuits, "again": content.again,
    });
    let event = NewEvent::new(EventType::CaptureEnded, Some(id.to_string()), detail);
    let mut rows = vec![exhibit_row, blob_row, done_row];
    let sealed = collect::spool::sealed_withheld(&spool, &record).map_err(input)?;
    if let (Some(persona), Some(sealed)) = (&content.persona, sealed) {
        rows.push(persona::keep_withheld(desk, scope, persona, id.as_str(), &sealed)?);
    }
    // The round and its exhibit are one step: no page is sealed that the crawl does not know of, and none twice.
    rows.extend(crawl::round_ended(desk, scope, content.crawl.as_deref(), &content.order.order, Some(&id))?);
    match desk.store.commit(scope, writer, event.clone(), rows.clone()) {
        // The authority ended after the collector had signed: what was lawfully captured is kept.
        Err(error) if error.law() == Some(Law::Revocation) => desk.store.commit(scope, &keep, event, rows)?,
        done => done?,
    };
    let row = desk.store.get(scope, "exhibit", id.as_str())?;
    let stopped = revoked.map(|error| match error {
        StoreError::Refused { text, .. } => text.clone(),
        other => other.to_string(),
    });
    let exhibit = admit::view(desk, &row)?.shown();
    let shown = (!exhibit.content.class.is_restricted()).then(|| record.clone());
    Ok(CaptureView { exhibit, record, shown, stopped })
}

/// The record of a spool, if it is signed by this order's collector, is about this order, and proves its session; else why
/// the capture can never be evidence.
fn believed(spool: &std::path::Path, content: &OrderContent, identity: &age::x25519::Identity, ended: &Ended) -> Result<Result<CaptureRecord, String>, StoreError> {
    if let Some(fault) = &ended.fault {
        return Ok(Err(fault.clone()));
    }
    let record = match collect::examine_spool(spool, &collector_key(content)?, identity) {
        Ok(record) => record,
        // Not known to be no evidence: it stays where it is until it can be read.
        Err(error) if is_not_read(&error) => return Err(StoreError::Environment { attempt: "reading the spool, which is kept,".into(), cause: error.to_string() }),
        Err(error) => return Ok(Err(error.to_string())),
    };
    if record.order != content.order.order || record.authority != content.order.authority || record.case != content.order.case {
        return Err(StoreError::refused(Law::Integrity, "the capture's record is about another order"));
    }
    Ok(collect::proves(&content.order, &record).map(|()| record).map_err(|error| error.to_string()))
}

/// Whether a spool could not be read, for a reason that says nothing of what is in it.
fn is_not_read(error: &collect::SpoolError) -> bool {
    match error {
        collect::SpoolError::TooLong(_) => true,
        collect::SpoolError::Io { source, .. } => source.kind() != std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// What is said of a capture beside its bytes, in words for the exhibit's record.
fn remarks(content: &OrderContent, record: &CaptureRecord, ended: &Ended, hits: &[KnownHit]) -> Vec<String> {
    let again = content.again.iter().map(|first| format!("ordered as a second capture of what {first} holds"));
    let unwatched = ended.unwatched.then(|| UNWATCHED.to_string());
    again.chain(failures(record)).chain(unvouched(record)).chain(rendered(record)).chain(persona::in_words(record)).chain(unwatched).chain(hits.iter().map(KnownHit::in_words)).collect()
}

/// Most servers of which it is told one by one that nobody vouches for their certificate.
const MOST_UNVOUCHED: usize = 20;

/// Where somebody stands between this machine and a server whose name proves nothing by itself (an exit, a proxy), what came
/// under a certificate that nobody vouches for: he can show one of his own, and read and change what passes.
fn unvouched(record: &CaptureRecord) -> Vec<String> {
    if ![collect::TOR_EXIT, collect::PROXY].contains(&record.transport.as_str()) {
        return vec![];
    }
    let fetches = record.fetches.iter().chain(record.browser.iter().flat_map(|did| &did.fetched));
    let mut servers: BTreeMap<(&str, &str, Option<String>), u64> = BTreeMap::new();
    for (fetch, shown) in fetches.filter_map(|fetch| Some((fetch, fetch.tls.as_ref()?))).filter(|(_, shown)| shown.judged != "trusted") {
        *servers.entry((fetch.peer.as_deref().unwrap_or(&fetch.url), &shown.judged, shown.leaf.map(|leaf| leaf.hex()))).or_default() += 1;
    }
    let told = servers.iter().take(MOST_UNVOUCHED).map(|((server, judged, leaf), count)| {
        let leaf = leaf.as_deref().unwrap_or("none");
        format!("TLS: {count} of {server} under a certificate (SHA-256 {leaf}) that the public web's roots do not vouch for ({judged}): whoever stands on the way, an exit or a proxy, may have read and changed what came")
    });
    let more = servers.len().checked_sub(MOST_UNVOUCHED).filter(|more| *more > 0).map(|more| format!("TLS: {more} more servers or certificates like these; see `tls.judged` of each fetch"));
    told.chain(more).collect()
}

/// What a browser did, in words for the exhibit's record.
fn rendered(record: &CaptureRecord) -> Vec<String> {
    let Some(did) = &record.browser else { return vec![] };
    let scripts = if did.scripts { "scripts could run" } else { "scripts did not run" };
    let head = format!(
        "BROWSER: the pages were also opened in {}, {scripts}; document, archive and, where pictures are allowed, picture of each (urn:dom, urn:mhtml, urn:view) are what the browser made of the responses, not what a server sent",
        did.product
    );
    let refused = did.refused.len() as u64 + did.refused_more;
    let more = format!("BROWSER: it fetched {} more from the order's own servers; {refused} requests were refused", did.fetched.len());
    let pages = did.pages.iter().filter(|page| page.ended != "shown").map(|page| format!("BROWSER: {} was not shown whole ({})", page.url, page.ended));
    [head, more].into_iter().chain(pages).collect()
}

/// What is said of a capture through Tor whose desk died.
const UNWATCHED: &str = "the desk ended before the capture did: the collector's own leak check held, the desk's watch over it was lost";

fn collector_key(content: &OrderContent) -> Result<VerifyingKey, StoreError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(&content.collector_key, &mut bytes).map_err(|_| StoreError::damaged("a collector key"))?;
    VerifyingKey::from_bytes(&bytes).map_err(|_| StoreError::damaged("a collector key"))
}

/// The order's row as it is now. An order is admitted once: who finds that another desk has done it leaves it so. But one that
/// was given up by a machine that could not see its spool is still open to the one that has it.
fn still_open(desk: &Desk, scope: &Scope, running: &Row) -> Result<Row, StoreError> {
    let now = desk.store.get(scope, "order", &running.id)?;
    let is_as_it_was = now.state == "running" && now.version == running.version;
    if is_as_it_was || is_given_up_unseen(&now) { Ok(now) } else { Err(StoreError::Conflict) }
}

/// What is said of a capture whose order had been given up.
const GIVEN_UP: &str = "its order had been given up on another machine, which could not see its spool; the spool was whole, and was admitted where it lay";

fn end_without_evidence(desk: &Desk, scope: &Scope, running: &Row, content: &OrderContent, why: &str) -> Result<StoreError, StoreError> {
    let keep = desk.store.permit(scope, Intent::to(Action::Transfer))?;
    let content = &OrderContent { unseen: !spool_of(desk, &content.order.order).exists(), ..content.clone() };
    let done = Draft::new("order", content.order.order.to_string(), FAILED).over(running).write(scope, desk.now(), content)?;
    let event = NewEvent::new(EventType::CaptureEnded, Some(content.order.order.to_string()), json!({"refused": why}));
    let mut rows = vec![done];
    rows.extend(crawl::round_ended(desk, scope, content.crawl.as_deref(), &content.order.order, None)?);
    desk.store.commit(scope, &keep, event, rows)?;
    Ok(StoreError::refused(Law::Integrity, format!("the capture cannot become evidence: {why}")))
}

impl CaptureView {
    /// Whether nothing at all came: then the exhibit holds the attempt and no answer.
    pub fn is_empty(&self) -> bool {
        nothing_came(&self.record)
    }
}

fn nothing_came(record: &CaptureRecord) -> bool {
    record.fetches.iter().all(|fetch| matches!(fetch.outcome, FetchOutcome::Failed { .. }))
}

/// What did not go as ordered, in words for the exhibit's record.
fn failures(record: &CaptureRecord) -> Vec<String> {
    let attempt = nothing_came(record).then(|| "NOTHING WAS RECEIVED: this exhibit holds the attempt, no page".to_string());
    attempt.into_iter().chain(failed_fetches(record)).collect()
}

fn failed_fetches(record: &CaptureRecord) -> Vec<String> {
    record
        .fetches
        .iter()
        .filter_map(|fetch| match &fetch.outcome {
            FetchOutcome::Complete { .. } => None,
            FetchOutcome::Partial { reason, .. } => Some(format!("{}: partial ({reason})", fetch.url)),
            FetchOutcome::Failed { reason } => Some(format!("{}: nothing received ({reason})", fetch.url)),
        })
        .collect()
}
