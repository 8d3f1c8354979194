//! The collector's talk with the browser (Chrome DevTools Protocol, flat sessions): each page of the order is opened,
//! every request that the browser pauses is answered or refused, and what the page looks like is kept.
//!
//! The browser's words are those of a stranger who may have been taken over by a page: what is not understood says
//! nothing, and what is asked is judged here. The lease is looked at before each word; when it is over the browser is
//! ended, and what had come is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use model::capture::{Canaries, Fetch, FetchOutcome, Order, Probe, Refused, Rendered, RenderedPage, Rendering, Shown};
use serde_json::{Value, json};

use super::launcher::{Asked, Launched, launch};
use super::pipe::{Heard, Pipe};
use super::{answer, archive, wanted};
use crate::battery;
use crate::capture::{Capture, Taken, USER_AGENT, failed, unanswered};
use crate::clock::Now;
use crate::destination::target_on;

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long walls and battery may take, and the browser to begin.
const START_MS: i64 = 30_000;
/// How long launcher and browser may take to end.
const END_MS: i64 = 5_000;
/// A page may take so many times what one response may.
const PAGE_TIMES: i64 = 4;
/// A page is still when nothing was asked for so long after it was loaded.
const STILL_MS: i64 = 400;
const STILL_WITH_SCRIPTS_MS: i64 = 1_500;
/// Most requests of one order beside its own URLs, and how many each page has of them at least.
const MOST_ASKED: u64 = 1_000;
const LEAST_ASKED: u64 = 8;
/// Most refusals that are listed; the rest is counted.
const MOST_REFUSED: usize = 500;
const LONGEST_URL: usize = 512;
/// Longest address that is fetched for a page, beside the order's own.
const LONGEST_FETCHED: usize = 4 << 10;
/// How long the parts of a page may take to be kept.
const PARTS_MS: i64 = 60_000;
/// Redirects in a row.
const MOST_REDIRECTS: u8 = 10;
const LED_AWAY: &str = "the page wanted to lead its window elsewhere";
/// Longest picture of a page, in points.
const TALLEST: f64 = 12_000.0;
const WIDEST: f64 = 4_000.0;

/// Why there is no browser.
pub(crate) enum NoBrowser {
    Leak(String),
    Trouble(String),
    System(io::Error),
}

/// A browser behind its walls, which were tried.
pub(crate) struct Browser {
    pipe: Pipe,
    how: Rendering,
    token: String,
    pub(crate) proof: Vec<Probe>,
}

impl Browser {
    /// Starts it, hears what its walls answered, and what was seen of it before it is told a word.
    ///
    /// # Errors
    /// [`NoBrowser`]; then nothing may be fetched.
    pub(crate) fn open(canaries: &Canaries, how: Rendering) -> Result<Browser, NoBrowser> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|e| NoBrowser::System(io::Error::other(e)))?;
        let token = hex::encode(random);
        launch().map_err(NoBrowser::System)?;
        let mut pipe = Pipe::standard().map_err(NoBrowser::System)?;
        let asked = Asked { canaries: canaries.clone(), user_agent: USER_AGENT.into(), token: token.clone() };
        let deadline = Now::read().boot_ms.saturating_add(START_MS);
        let waits = || Now::read().boot_ms < deadline;
        pipe.say(&json!(asked), waits);
        let mut walled = None;
        while waits() {
            match pipe.hear(LOOK_EVERY) {
                Heard::Nothing | Heard::TooLong => {}
                Heard::Gone => break,
                Heard::Message(message) => match serde_json::from_value(*message) {
                    Ok(Launched::Walled(proof)) => walled = Some(no_way_out(proof)?),
                    Ok(Launched::Begun { token: said, seen }) if said == token => {
                        no_way_out(seen)?;
                        let proof = walled.ok_or_else(|| NoBrowser::Trouble("its walls were not tried".into()))?;
                        return Ok(Browser { pipe, how, token, proof });
                    }
                    Ok(Launched::Trouble(why)) => return Err(NoBrowser::Trouble(why)),
                    Ok(Launched::Begun { .. } | Launched::Over { .. }) | Err(_) => {}
                },
            }
        }
        Err(NoBrowser::Trouble("it did not begin".into()))
    }
}

fn no_way_out(proof: Vec<Probe>) -> Result<Vec<Probe>, NoBrowser> {
    let leaks = battery::leaks(&proof);
    if leaks.is_empty() { Ok(proof) } else { Err(NoBrowser::Leak(leaks.join("; "))) }
}

/// Why there is nothing to sign.
pub(crate) enum NotDone {
    /// Trouble with the spool.
    Spool(io::Error),
    /// Nobody saw the browser to its end.
    Unwatched(String),
}

impl From<io::Error> for NotDone {
    fn from(error: io::Error) -> NotDone {
        NotDone::Spool(error)
    }
}

/// The longest that a browser may take for an order, in milliseconds.
pub(crate) fn longest_ms(order: &Order) -> u64 {
    let response = order.timeout_ms.saturating_add(order.pause_ms.unwrap_or(0));
    let ms = |ms: i64| ms.unsigned_abs();
    // A tab, the page, its parts; each may begin one more response before its time is over. Then the page without the browser.
    let page = ms(START_MS + PARTS_MS + END_MS).saturating_add(response.saturating_mul(ms(PAGE_TIMES) + 5));
    ms(2 * START_MS + END_MS).saturating_add(page.saturating_mul(order.urls.len() as u64))
}

/// Why the talk is over.
enum Stop {
    Lease,
    Gone,
    /// Trouble with the spool.
    Spool(io::Error),
}

/// The page that is open.
#[derive(Default)]
struct Page {
    url: String,
    /// How the page itself came, once it was asked for.
    fetch: Option<Fetch>,
    /// The last thing that its window was given was a redirect, and what is asked next is where it leads.
    moving: bool,
    redirects: u8,
    /// The record of the response that the window was given last: the page's own, or where it was led.
    landed: Option<String>,
    loaded: bool,
    /// The browser loads no more of it, also where it was never whole.
    stopped: bool,
    /// When something was asked last, by the boot clock.
    active_ms: i64,
    /// How many requests beside its own it may still make.
    may_ask: u64,
    /// The order's bytes did not suffice for what was made of it.
    over_budget: bool,
}

/// What a request is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// The page of the order itself.
    Page,
    /// Where the page was moved to.
    Window,
    /// What belongs to it.
    Part,
}

struct Session<W: Write> {
    capture: Capture<W>,
    pipe: Pipe,
    token: String,
    /// The tab of the page that is open: what is said by another one, of a page before it, counts for nothing.
    tab: Option<String>,
    /// Where the tab lives: what a page stores there goes with it.
    context: Option<Value>,
    frame: String,
    calls: u64,
    /// Requests by the call that answered them: an answer that the browser does not take is taken back.
    answered: BTreeMap<u64, String>,
    /// The servers of the order.
    servers: BTreeSet<Server>,
    asked: u64,
    /// Messages beyond the bound.
    too_long: u64,
    page: Page,
    did: Rendered,
    seen: Vec<Probe>,
}

/// Opens every page of the order. Pages that a browser cannot be asked for any more are fetched without one.
///
/// # Errors
/// [`NotDone`].
pub(crate) fn run<W: Write>(mut capture: Capture<W>, browser: Browser) -> Result<(W, Taken), NotDone> {
    capture.write_warcinfo()?;
    let order = capture.order().clone();
    let servers = order.urls.iter().filter_map(|url| server(&order, url)).collect();
    let did = Rendered { product: String::new(), scripts: browser.how.scripts, pages: vec![], fetched: vec![], refused: vec![], refused_more: 0, peak_memory_kib: 0 };
    let mut session = Session {
        capture, pipe: browser.pipe, token: browser.token, tab: None, context: None, frame: String::new(), calls: 0, answered: BTreeMap::new(), servers, asked: 0, too_long: 0, page: Page::default(), did, seen: vec![],
    };
    let mut stop = session.begin().err();
    let mut fetches = Vec::with_capacity(order.urls.len());
    for (place, url) in order.urls.iter().enumerate() {
        let may_ask = share(session.asked, order.urls.len() - place);
        session.page = Page { url: url.clone(), active_ms: Now::read().boot_ms, may_ask, ..Page::default() };
        let mut shown = RenderedPage { url: url.clone(), landed: None, ended: "not-loaded".into(), screenshot: None, document: None, archive: None };
        if stop.is_none() {
            stop = session.open(&mut shown).err();
        }
        match &stop {
            None => {}
            Some(Stop::Lease) => shown.ended = "lease-lapsed".into(),
            Some(Stop::Gone) => {
                shown.ended = "browser-ended".into();
                session.close();
                if session.seen.is_empty() {
                    break;
                }
                session.fetch_without()?;
            }
            Some(Stop::Spool(_)) => break,
        }
        let never = || Fetch { outcome: failed(shown.ended.clone()), ..unanswered(url.clone()) };
        fetches.push(session.page.fetch.take().unwrap_or_else(never));
        session.did.pages.push(shown);
    }
    session.close();
    match stop {
        Some(Stop::Spool(error)) => Err(error.into()),
        // What nobody saw of the browser, nobody can prove.
        _ if session.seen.is_empty() => Err(NotDone::Unwatched("its watcher is gone".into())),
        _ => Ok(session.capture.end(fetches, Some((session.did, session.seen)))),
    }
}

/// How many requests the next page may make beside its own: an equal share of what is left, for no page shall take what
/// the pages after it need.
fn share(asked: u64, pages: usize) -> u64 {
    (MOST_ASKED.saturating_sub(asked) / (pages as u64).max(1)).max(LEAST_ASKED)
}

/// What two pages of one server have alike: whether by TLS, the host, and the port, written or not.
type Server = (bool, String, String);

/// Whom a URL asks.
fn server(order: &Order, url: &str) -> Option<Server> {
    let target = target_on(&order.transport, order.network.as_deref(), url).ok()?;
    let peer = target.peer.to_string();
    let port = peer.rsplit(':').next().unwrap_or_default().to_string();
    Some((target.tls.is_some(), target.host().to_lowercase(), port))
}

impl<W: Write> Session<W> {
    /// Hears who the browser is, and forbids what no page needs.
    fn begin(&mut self) -> Result<(), Stop> {
        let deadline = Now::read().boot_ms.saturating_add(START_MS);
        let version = self.must("Browser.getVersion", json!({}), deadline)?;
        self.did.product = cut(version["product"].as_str().unwrap_or_default());
        self.must("Target.setDiscoverTargets", json!({"discover": true}), deadline)?;
        Ok(())
    }

    /// A tab for one page, and the end of the one before it: nothing leaves it but by the collector's hand, and what a
    /// page did or stored is never taken for the next one's, nor seen by it.
    fn new_tab(&mut self) -> Result<(), Stop> {
        let deadline = Now::read().boot_ms.saturating_add(START_MS);
        let (before, context) = (self.context.take(), self.must("Target.createBrowserContext", json!({}), deadline)?["browserContextId"].take());
        self.must("Browser.setDownloadBehavior", json!({"behavior": "deny", "browserContextId": context}), deadline)?;
        let target = self.must("Target.createTarget", json!({"url": "about:blank", "browserContextId": context}), deadline)?;
        let attached = self.must("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}), deadline)?;
        self.tab = attached["sessionId"].as_str().map(str::to_string);
        if self.tab.is_none() {
            return Err(Stop::Gone);
        }
        self.context = Some(context);
        if let Some(before) = before {
            self.must("Target.disposeBrowserContext", json!({"browserContextId": before}), deadline)?;
        }
        self.must("Fetch.enable", json!({"patterns": [{"urlPattern": "*"}]}), deadline)?;
        if !self.did.scripts {
            self.must("Emulation.setScriptExecutionDisabled", json!({"value": true}), deadline)?;
        }
        // Workers have requests of their own: they wait for a word that never comes.
        self.must("Target.setAutoAttach", json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true}), deadline)?;
        self.must("Network.enable", json!({}), deadline)?;
        self.must("Page.enable", json!({}), deadline)?;
        // What is told by these is only told: a browser that does not know them shows pages all the same.
        for more in ["Log.enable", "Preload.enable", "Performance.enable"] {
            self.call(more, json!({}), deadline)?;
        }
        let tree = self.must("Page.getFrameTree", json!({}), deadline)?;
        self.frame = tree["frameTree"]["frame"]["id"].as_str().unwrap_or_default().to_string();
        Ok(())
    }

    /// Opens one page and keeps what it looks like.
    fn open(&mut self, shown: &mut RenderedPage) -> Result<(), Stop> {
        self.new_tab()?;
        let patience = i64::try_from(self.capture.order().timeout_ms).unwrap_or(i64::MAX).saturating_mul(PAGE_TIMES);
        let deadline = Now::read().boot_ms.saturating_add(patience);
        let led = self.call("Page.navigate", json!({"url": self.page.url}), deadline)?;
        let loads = led.is_some_and(|led| led["errorText"].is_null());
        let still = if self.did.scripts { STILL_WITH_SCRIPTS_MS } else { STILL_MS };
        while loads && Now::read().boot_ms < deadline && !((self.page.loaded || self.page.stopped) && Now::read().boot_ms.saturating_sub(self.page.active_ms) >= still) {
            self.step()?;
        }
        let came = self.page.fetch.as_ref().is_some_and(|fetch| matches!(fetch.outcome, FetchOutcome::Complete { .. }));
        if !loads || !came {
            return Ok(());
        }
        if !self.page.loaded {
            self.call("Page.stopLoading", json!({}), deadline.saturating_add(END_MS))?;
        }
        let deadline = Now::read().boot_ms.saturating_add(patience.min(PARTS_MS));
        let is_the_servers = self.keep(shown, deadline)?;
        let misses = (self.capture.order().media && shown.screenshot.is_none()) || shown.document.is_none() || shown.archive.is_none();
        shown.ended = match (self.page.loaded, self.page.over_budget, misses) {
            _ if !is_the_servers => "not-loaded",
            (false, _, _) if self.page.stopped => "led-away",
            (false, _, _) => "timeout",
            (true, true, _) => "budget",
            (true, false, true) => "part-missing",
            (true, false, false) => "shown",
        }
        .into();
        Ok(())
    }

    /// The document, the picture and the archive of the page that is open. False when what stood in the window was, before or
    /// after, no page of a server: the browser's own page of an error, or one that a script made.
    fn keep(&mut self, shown: &mut RenderedPage, deadline: i64) -> Result<bool, Stop> {
        let document = self.document(deadline)?;
        let root = &document["root"];
        shown.landed = root["documentURL"].as_str().map(cut);
        if !is_of_a_server(root) {
            return Ok(false);
        }
        self.tell_of_hints(root, deadline)?;
        let html = self.call("DOM.getOuterHTML", json!({"nodeId": root["nodeId"]}), deadline)?.unwrap_or_default();
        shown.document = self.write("dom", "text/html; charset=utf-8", html["outerHTML"].as_str().map(|text| text.as_bytes().to_vec()))?;
        // A picture of the page is a picture of all that it paints, also of what it carries in its own letters.
        if self.capture.order().media {
            shown.screenshot = self.picture(deadline)?;
        }
        let archive = self.call("Page.captureSnapshot", json!({"format": "mhtml"}), deadline)?.unwrap_or_default();
        let archive = archive["data"].as_str().filter(|text| self.may_be_kept(text)).map(|text| text.as_bytes().to_vec());
        shown.archive = self.write("mhtml", "multipart/related", archive)?;
        Ok(is_of_a_server(&self.document(deadline)?["root"]))
    }

    /// What the page wanted by standing there: names to be looked up, and peers to be called.
    fn tell_of_hints(&mut self, root: &Value, deadline: i64) -> Result<(), Stop> {
        let links = self.call("DOM.querySelectorAll", json!({"nodeId": root["nodeId"], "selector": wanted::HINTS}), deadline)?.unwrap_or_default();
        for link in links["nodeIds"].as_array().into_iter().flatten().take(wanted::MOST_HINTS) {
            let attributes = self.call("DOM.getAttributes", json!({"nodeId": link}), deadline)?.unwrap_or_default();
            self.tell(wanted::hint(&attributes["attributes"]));
        }
        let metrics = self.call("Performance.getMetrics", json!({}), deadline)?.unwrap_or_default();
        self.tell(wanted::peers(&metrics));
        Ok(())
    }

    fn document(&mut self, deadline: i64) -> Result<Value, Stop> {
        Ok(self.call("DOM.getDocument", json!({"depth": 0}), deadline)?.unwrap_or_default())
    }

    /// Under an order for text an archive may hold nothing else: a script can make a picture that no server sent.
    fn may_be_kept(&mut self, archive: &str) -> bool {
        let may = self.capture.order().media || archive::is_text(archive);
        if !may {
            let url = self.page.url.clone();
            self.refuse(&url, "the archive of the page holds what is not text");
        }
        may
    }

    fn picture(&mut self, deadline: i64) -> Result<Option<Shown>, Stop> {
        let size = self.call("Page.getLayoutMetrics", json!({}), deadline)?.unwrap_or_default();
        let within = |name: &str, most: f64| size["cssContentSize"][name].as_f64().unwrap_or(most).clamp(1.0, most);
        let clip = json!({"x": 0, "y": 0, "width": within("width", WIDEST), "height": within("height", TALLEST), "scale": 1});
        let picture = self.call("Page.captureScreenshot", json!({"format": "png", "captureBeyondViewport": true, "clip": clip}), deadline)?.unwrap_or_default();
        let png = picture["data"].as_str().and_then(|text| STANDARD.decode(text).ok()).filter(|bytes| bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
        self.write("view", "image/png", png)
    }

    fn write(&mut self, what: &str, content_type: &str, block: Option<Vec<u8>>) -> Result<Option<Shown>, Stop> {
        let Some(block) = block else { return Ok(None) };
        let of = self.page.landed.clone();
        let uri = format!("urn:{what}:{}", self.page.url.split('#').next().unwrap_or_default());
        let kept = self.capture.keep_shown(&uri, content_type, of.as_deref(), &block).map_err(Stop::Spool)?;
        self.page.over_budget |= kept.is_none();
        Ok(kept)
    }

    /// Fetches the page of the order for which there is no browser any more, unless it came before.
    fn fetch_without(&mut self) -> io::Result<()> {
        if self.page.fetch.is_none() {
            self.page.fetch = Some(self.capture.fetch(self.page.url.clone())?);
        }
        Ok(())
    }

    /// Ends the browser and hears what the launcher saw.
    fn close(&mut self) {
        if self.pipe.is_closed() {
            return;
        }
        self.pipe.close();
        let deadline = Now::read().boot_ms.saturating_add(END_MS);
        while self.seen.is_empty() && Now::read().boot_ms < deadline {
            match self.pipe.hear(LOOK_EVERY) {
                Heard::Message(message) => self.last_words(&message),
                Heard::Nothing | Heard::TooLong => {}
                Heard::Gone => break,
            }
        }
    }

    fn last_words(&mut self, message: &Value) {
        if let Ok(Launched::Over { token, peak_memory_kib, seen }) = serde_json::from_value(message.clone())
            && token == self.token
        {
            self.did.peak_memory_kib = peak_memory_kib;
            self.seen = seen;
        }
    }

    fn say(&mut self, method: &str, params: Value) -> Result<u64, Stop> {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": params});
        let of_the_browser = method.starts_with("Browser.") || ["Target.createBrowserContext", "Target.createTarget", "Target.attachToTarget", "Target.disposeBrowserContext", "Target.setDiscoverTargets"].contains(&method);
        if let Some(tab) = self.tab.as_deref().filter(|_| !of_the_browser) {
            message["sessionId"] = tab.into();
        }
        let capture = &mut self.capture;
        if self.pipe.say(&message, || capture.live()) { Ok(self.calls) } else { Err(if self.capture.live() { Stop::Gone } else { Stop::Lease }) }
    }

    /// Says something and waits for its result; none when there is an error, the time is over, or a message came that is
    /// longer than any may be: it may have been this one.
    fn call(&mut self, method: &str, params: Value, deadline: i64) -> Result<Option<Value>, Stop> {
        let id = self.say(method, params)?;
        let too_long = self.too_long;
        while Now::read().boot_ms < deadline && self.too_long == too_long {
            if let Some(result) = self.result(id)? {
                return Ok(result);
            }
        }
        Ok(None)
    }

    /// The same, where nothing goes on without it, and its result is short.
    fn must(&mut self, method: &str, params: Value, deadline: i64) -> Result<Value, Stop> {
        let id = self.say(method, params)?;
        while Now::read().boot_ms < deadline {
            if let Some(result) = self.result(id)? {
                return result.ok_or(Stop::Gone);
            }
        }
        Err(Stop::Gone)
    }

    /// What was answered to a call, if the next message is that answer.
    fn result(&mut self, id: u64) -> Result<Option<Option<Value>>, Stop> {
        let answer = self.step()?.filter(|message| message["id"].as_u64() == Some(id));
        Ok(answer.map(|mut message| message.get_mut("result").map(Value::take)))
    }

    /// Hears at most one message and does what it asks for.
    fn step(&mut self) -> Result<Option<Value>, Stop> {
        if !self.capture.live() {
            return Err(Stop::Lease);
        }
        match self.pipe.hear(LOOK_EVERY) {
            Heard::Nothing => Ok(None),
            Heard::TooLong => {
                self.too_long += 1;
                Ok(None)
            }
            Heard::Gone => Err(Stop::Gone),
            Heard::Message(message) => {
                self.heed(&message)?;
                Ok(Some(*message))
            }
        }
    }

    fn heed(&mut self, message: &Value) -> Result<(), Stop> {
        let about = &message["params"];
        let of_another = message["sessionId"].as_str().is_some_and(|tab| self.tab.as_deref() != Some(tab));
        match message["method"].as_str() {
            Some(_) if of_another => Ok(()),
            Some("Fetch.requestPaused") => self.answer(about),
            // A tab begins empty, and that is loaded too: only what comes after the page's own answer counts.
            Some("Page.loadEventFired") => {
                self.page.loaded = self.page.fetch.is_some();
                Ok(())
            }
            // A page that wants to lead its window elsewhere before it is loaded is loaded no further, although it stays.
            Some(what @ ("Page.frameStartedLoading" | "Page.frameStoppedLoading")) if about["frameId"].as_str() == Some(&self.frame) => {
                self.page.stopped = what.ends_with("StoppedLoading") && self.page.fetch.is_some();
                Ok(())
            }
            Some("Page.javascriptDialogOpening") => self.say("Page.handleJavaScriptDialog", json!({"accept": false})).map(drop),
            // Said before the request itself, which another one may overtake.
            Some("Page.frameRequestedNavigation") if about["frameId"].as_str() == Some(&self.frame) && wanted::is_asked_for(about["url"].as_str().unwrap_or_default()) => {
                self.refuse(about["url"].as_str().unwrap_or_default(), LED_AWAY);
                Ok(())
            }
            Some(event) => {
                self.tell(wanted::told(event, about));
                Ok(())
            }
            None => self.heed_result(message),
        }
    }

    fn heed_result(&mut self, message: &Value) -> Result<(), Stop> {
        if message.get("over").is_some() {
            self.last_words(message);
            return if self.seen.is_empty() { Ok(()) } else { Err(Stop::Gone) };
        }
        match message["id"].as_u64().and_then(|id| self.answered.remove(&id)) {
            // An answer that the browser cannot take must not leave its request waiting.
            Some(request) if message.get("error").is_some() => self.block(&request, FAILED),
            _ => Ok(()),
        }
    }

    /// Answers a request that the browser paused.
    fn answer(&mut self, about: &Value) -> Result<(), Stop> {
        let request = about["requestId"].as_str().unwrap_or_default().to_string();
        let url = about["request"]["url"].as_str().unwrap_or_default().to_string();
        self.page.active_ms = Now::read().boot_ms;
        let is_own = url.starts_with("data:") || url.starts_with("blob:") || url == "about:blank";
        let judged = if is_own { self.judged_own(about) } else { self.judged(about, &url).map(Some) };
        match judged {
            Err(why) => {
                let in_window = self.is_for_the_window(about);
                // What the window wanted may have been told before its request came.
                let told = in_window && self.did.refused.iter().any(|one| one.why == LED_AWAY && one.url == cut(&url));
                if !told {
                    self.refuse(&url, &why);
                }
                // Aborted, what stands in the window stays: the browser shows no page of its own in place of the server's.
                let stays = in_window && self.page.fetch.is_some();
                self.block(&request, if stays { "Aborted" } else { FAILED })
            }
            Ok(None) => self.say("Fetch.continueRequest", json!({"requestId": request})).map(drop),
            Ok(Some(what_for)) => self.fetch(&request, &url, what_for),
        }
    }

    /// Whether a request is for the page's own window.
    fn is_for_the_window(&self, about: &Value) -> bool {
        about["resourceType"] == "Document" && about["frameId"].as_str() == Some(&self.frame)
    }

    /// Whether the browser may answer by itself what it carries itself. Today's asks for none of it, and what it then made
    /// of a page is judged by its address and its archive.
    fn judged_own(&self, about: &Value) -> Result<Option<For>, String> {
        if self.is_for_the_window(about) && self.page.fetch.is_some() {
            return Err(LED_AWAY.into());
        }
        if !self.capture.order().media && is_no_text(about) {
            return Err(FOR_TEXT.into());
        }
        Ok(None)
    }

    /// Whether a request may be answered, and what it is for.
    fn judged(&mut self, about: &Value, url: &str) -> Result<For, String> {
        let method = about["request"]["method"].as_str().unwrap_or_default();
        if method != "GET" {
            return Err(format!("{}: the collector only reads", cut(method)));
        }
        let order = self.capture.order();
        target_on(&order.transport, order.network.as_deref(), url).map_err(|refusal| format!("refused-destination: {refusal}"))?;
        if !server(order, url).is_some_and(|server| self.servers.contains(&server)) {
            return Err("not a server of the order".into());
        }
        let in_window = self.is_for_the_window(about);
        if in_window && self.page.fetch.is_none() {
            return Ok(For::Page);
        }
        if !self.capture.order().media && is_no_text(about) {
            return Err(FOR_TEXT.into());
        }
        if url.len() > LONGEST_FETCHED {
            return Err("the address is longer than 4 KiB".into());
        }
        self.counted()?;
        if !in_window {
            return Ok(For::Part);
        }
        self.page.redirects += 1;
        let led = std::mem::take(&mut self.page.moving) && self.page.redirects <= MOST_REDIRECTS;
        if led { Ok(For::Window) } else { Err(LED_AWAY.into()) }
    }

    /// Counts a request beside the order's own.
    fn counted(&mut self) -> Result<(), String> {
        let Some(left) = self.page.may_ask.checked_sub(1) else { return Err("too many requests".into()) };
        if !self.capture.has_room_for_parts() {
            return Err("the record has no room for more".into());
        }
        self.page.may_ask = left;
        self.asked += 1;
        Ok(())
    }

    fn fetch(&mut self, request: &str, url: &str, what_for: For) -> Result<(), Stop> {
        // The page itself is fetched as the order writes it.
        let url = if what_for == For::Page { self.page.url.clone() } else { url.to_string() };
        let (fetch, raw) = self.capture.fetch_for_a_browser(&url).map_err(Stop::Spool)?;
        let whole = matches!(fetch.outcome, FetchOutcome::Complete { .. });
        let answer = raw.filter(|_| whole).and_then(|raw| answer::read(&raw));
        if whole && answer.is_none() {
            self.refuse(&url, "the response is not one that a browser can be given as it is");
        }
        if what_for != For::Part {
            self.page.moving = fetch.redirect.is_some();
            self.page.landed = fetch.response_record.clone();
        }
        if what_for == For::Page {
            self.page.fetch = Some(fetch);
        } else {
            self.did.fetched.push(fetch);
        }
        self.page.active_ms = Now::read().boot_ms;
        let Some(answer) = answer else { return self.block(request, FAILED) };
        answer.fields.iter().for_each(|(name, value)| self.tell(wanted::hints_of_field(name, value)));
        let fields: Vec<Value> = answer.fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let words = json!({"requestId": request, "responseCode": answer.status, "responseHeaders": fields, "body": STANDARD.encode(&answer.body)});
        let call = self.say("Fetch.fulfillRequest", words)?;
        self.answered.insert(call, request.to_string());
        Ok(())
    }

    fn block(&mut self, request: &str, reason: &str) -> Result<(), Stop> {
        self.say("Fetch.failRequest", json!({"requestId": request, "errorReason": reason})).map(drop)
    }

    fn tell(&mut self, told: impl IntoIterator<Item = (String, &'static str)>) {
        told.into_iter().for_each(|(url, why)| self.refuse(&url, why));
    }

    /// Writes down what was not given; the same again is counted only, so that a page cannot fill the list with one thing.
    fn refuse(&mut self, url: &str, why: &str) {
        let one = Refused { url: cut(url), why: why.to_string() };
        if self.did.refused.len() < MOST_REFUSED && !self.did.refused.contains(&one) {
            self.did.refused.push(one);
        } else {
            self.did.refused_more += 1;
        }
    }
}

/// How a request is failed that is not answered.
const FAILED: &str = "BlockedByClient";
const FOR_TEXT: &str = "the order is for text";

/// Whether a request is for what an order for text leaves out.
fn is_no_text(about: &Value) -> bool {
    ["Image", "Media", "Font"].map(Value::from).contains(&about["resourceType"])
}

/// Whether a document came from a server, by its address.
fn is_of_a_server(root: &Value) -> bool {
    root["documentURL"].as_str().is_some_and(|url| url.starts_with("http://") || url.starts_with("https://"))
}

/// A stranger's words, in one line and not too many.
fn cut(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_control()).take(LONGEST_URL).collect()
}
