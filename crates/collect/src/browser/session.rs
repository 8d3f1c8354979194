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
use super::{answer, wanted};
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
/// Most requests of one order.
const MOST_ASKED: u64 = 1_000;
/// Most refusals that are listed; the rest is counted.
const MOST_REFUSED: usize = 500;
const LONGEST_URL: usize = 512;
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
                Heard::Nothing => {}
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
    /// When something was asked last, by the boot clock.
    active_ms: i64,
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
    target: Option<Value>,
    frame: String,
    calls: u64,
    /// Requests by the call that answered them: an answer that the browser does not take is taken back.
    answered: BTreeMap<u64, String>,
    /// The servers of the order.
    servers: BTreeSet<Server>,
    asked: u64,
    page: Page,
    did: Rendered,
    seen: Vec<Probe>,
}

/// Opens every page of the order.
///
/// # Errors
/// Trouble with the spool.
pub(crate) fn run<W: Write>(mut capture: Capture<W>, browser: Browser) -> io::Result<(W, Taken)> {
    capture.write_warcinfo()?;
    let order = capture.order().clone();
    let servers = order.urls.iter().filter_map(|url| server(&order, url)).collect();
    let did = Rendered { product: String::new(), scripts: browser.how.scripts, pages: vec![], fetched: vec![], refused: vec![], refused_more: 0, peak_memory_kib: 0 };
    let mut session = Session {
        capture, pipe: browser.pipe, token: browser.token, tab: None, target: None, frame: String::new(), calls: 0, answered: BTreeMap::new(), servers, asked: 0, page: Page::default(), did, seen: vec![],
    };
    let mut stop = session.begin().err();
    let mut fetches = Vec::with_capacity(order.urls.len());
    for url in order.urls {
        session.page = Page { url: url.clone(), active_ms: Now::read().boot_ms, ..Page::default() };
        let mut shown = RenderedPage { url: url.clone(), landed: None, ended: "not-loaded".into(), screenshot: None, document: None, archive: None };
        if stop.is_none() {
            stop = session.open(&mut shown).err();
        }
        match &stop {
            None => {}
            Some(Stop::Lease) => shown.ended = "lease-lapsed".into(),
            Some(Stop::Gone) => shown.ended = "browser-ended".into(),
            Some(Stop::Spool(_)) => break,
        }
        let never = || Fetch { outcome: failed(shown.ended.clone()), ..unanswered(url.clone()) };
        fetches.push(session.page.fetch.take().unwrap_or_else(never));
        session.did.pages.push(shown);
    }
    session.close();
    match stop {
        Some(Stop::Spool(error)) => Err(error),
        // What nobody saw of the browser, nobody can prove.
        _ if session.seen.is_empty() => Err(io::Error::other("the browser's watcher is gone")),
        _ => Ok(session.capture.end(fetches, Some((session.did, session.seen)))),
    }
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
        self.must("Browser.setDownloadBehavior", json!({"behavior": "deny"}), deadline)?;
        self.must("Target.setDiscoverTargets", json!({"discover": true}), deadline)?;
        Ok(())
    }

    /// A tab for one page, and the end of the one before it: nothing leaves it but by the collector's hand, and what a
    /// page did is never taken for the next one's.
    fn new_tab(&mut self) -> Result<(), Stop> {
        let deadline = Now::read().boot_ms.saturating_add(START_MS);
        let before = self.target.take();
        let target = self.must("Target.createTarget", json!({"url": "about:blank"}), deadline)?;
        let attached = self.must("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}), deadline)?;
        self.tab = attached["sessionId"].as_str().map(str::to_string);
        if self.tab.is_none() {
            return Err(Stop::Gone);
        }
        self.target = Some(target["targetId"].clone());
        if let Some(before) = before {
            self.must("Target.closeTarget", json!({"targetId": before}), deadline)?;
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
        while loads && Now::read().boot_ms < deadline && !(self.page.loaded && Now::read().boot_ms.saturating_sub(self.page.active_ms) >= still) {
            self.step()?;
        }
        let came = self.page.fetch.as_ref().is_some_and(|fetch| matches!(fetch.outcome, FetchOutcome::Complete { .. }));
        if !loads || !came {
            return Ok(());
        }
        if !self.page.loaded {
            self.call("Page.stopLoading", json!({}), deadline.saturating_add(END_MS))?;
        }
        let deadline = Now::read().boot_ms.saturating_add(patience.min(60_000));
        if !self.keep(shown, deadline)? {
            return Ok(());
        }
        shown.ended = if self.page.loaded { "shown" } else { "timeout" }.into();
        if (self.capture.order().media && shown.screenshot.is_none()) || shown.document.is_none() || shown.archive.is_none() {
            shown.ended = "budget".into();
        }
        Ok(())
    }

    /// The document, the picture and the archive of the page that is open. False: it is a page of the browser's own, which
    /// says that there is none.
    fn keep(&mut self, shown: &mut RenderedPage, deadline: i64) -> Result<bool, Stop> {
        let document = self.call("DOM.getDocument", json!({"depth": 0}), deadline)?.unwrap_or_default();
        let root = &document["root"];
        shown.landed = root["documentURL"].as_str().map(cut);
        if shown.landed.as_deref().is_some_and(|landed| landed.starts_with("chrome")) {
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
        shown.archive = self.write("mhtml", "multipart/related", archive["data"].as_str().map(|text| text.as_bytes().to_vec()))?;
        Ok(true)
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
        self.capture.keep_shown(&uri, content_type, of.as_deref(), &block).map_err(Stop::Spool)
    }

    /// Ends the browser and hears what the launcher saw.
    fn close(&mut self) {
        self.pipe.close();
        let deadline = Now::read().boot_ms.saturating_add(END_MS);
        while self.seen.is_empty() && Now::read().boot_ms < deadline {
            match self.pipe.hear(LOOK_EVERY) {
                Heard::Message(message) => self.last_words(&message),
                Heard::Nothing => {}
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
        let of_the_browser = method.starts_with("Browser.") || ["Target.createTarget", "Target.attachToTarget", "Target.closeTarget", "Target.setDiscoverTargets"].contains(&method);
        if let Some(tab) = self.tab.as_deref().filter(|_| !of_the_browser) {
            message["sessionId"] = tab.into();
        }
        let capture = &mut self.capture;
        if self.pipe.say(&message, || capture.live()) { Ok(self.calls) } else { Err(if self.capture.live() { Stop::Gone } else { Stop::Lease }) }
    }

    /// Says something and waits for its result; none when there is an error, or the time is over.
    fn call(&mut self, method: &str, params: Value, deadline: i64) -> Result<Option<Value>, Stop> {
        let id = self.say(method, params)?;
        while Now::read().boot_ms < deadline {
            if let Some(mut message) = self.step()?
                && message["id"].as_u64() == Some(id)
            {
                return Ok(message.get_mut("result").map(Value::take));
            }
        }
        Ok(None)
    }

    /// The same, where nothing goes on without it.
    fn must(&mut self, method: &str, params: Value, deadline: i64) -> Result<Value, Stop> {
        self.call(method, params, deadline)?.ok_or(Stop::Gone)
    }

    /// Hears at most one message and does what it asks for.
    fn step(&mut self) -> Result<Option<Value>, Stop> {
        if !self.capture.live() {
            return Err(Stop::Lease);
        }
        match self.pipe.hear(LOOK_EVERY) {
            Heard::Nothing => Ok(None),
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
            // A page that tried to leave before it was there, and was held, never says that it is.
            Some("Page.frameStoppedLoading") if about["frameId"].as_str() == Some(&self.frame) => {
                self.page.loaded = self.page.fetch.is_some();
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
            Some(request) if message.get("error").is_some() => self.block(&request),
            _ => Ok(()),
        }
    }

    /// Answers a request that the browser paused.
    fn answer(&mut self, about: &Value) -> Result<(), Stop> {
        let request = about["requestId"].as_str().unwrap_or_default().to_string();
        let url = about["request"]["url"].as_str().unwrap_or_default().to_string();
        self.page.active_ms = Now::read().boot_ms;
        if url.starts_with("data:") || url.starts_with("blob:") || url == "about:blank" {
            return self.say("Fetch.continueRequest", json!({"requestId": request})).map(drop);
        }
        match self.judged(about, &url) {
            Err(why) => {
                let told = self.is_of_the_window(about) && self.did.refused.iter().any(|one| one.why == LED_AWAY && one.url == cut(&url));
                if !told {
                    self.refuse(&url, &why);
                }
                // The window that is led away stays where it is; a page of the browser's own in place of it would be kept as
                // if it were the site's.
                if self.is_of_the_window(about) { self.fail(&request, "Aborted") } else { self.block(&request) }
            }
            Ok(what_for) => self.fetch(&request, &url, what_for),
        }
    }

    /// Whether a request may be answered, and what it is for.
    fn judged(&mut self, about: &Value, url: &str) -> Result<For, String> {
        let method = about["request"]["method"].as_str().unwrap_or_default();
        let kind = about["resourceType"].as_str().unwrap_or_default();
        if method != "GET" {
            return Err(format!("{}: the collector only reads", cut(method)));
        }
        let order = self.capture.order();
        target_on(&order.transport, order.network.as_deref(), url).map_err(|refusal| format!("refused-destination: {refusal}"))?;
        if !server(order, url).is_some_and(|server| self.servers.contains(&server)) {
            return Err("not a server of the order".into());
        }
        self.asked += 1;
        if self.asked > MOST_ASKED {
            return Err("too many requests".into());
        }
        if !self.capture.order().media && ["Image", "Media", "Font"].contains(&kind) {
            return Err("the order is for text".into());
        }
        if !self.is_of_the_window(about) {
            return Ok(For::Part);
        }
        if self.page.fetch.is_none() {
            return Ok(For::Page);
        }
        self.page.redirects += 1;
        let led = std::mem::take(&mut self.page.moving) && self.page.redirects <= MOST_REDIRECTS;
        if led { Ok(For::Window) } else { Err(LED_AWAY.into()) }
    }

    /// Whether a request is for the window itself, and not for a frame or a part in it.
    fn is_of_the_window(&self, about: &Value) -> bool {
        about["resourceType"] == "Document" && about["frameId"].as_str() == Some(&self.frame)
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
        let Some(answer) = answer else { return self.block(request) };
        answer.fields.iter().for_each(|(name, value)| self.tell(wanted::hints_of_field(name, value)));
        let fields: Vec<Value> = answer.fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let words = json!({"requestId": request, "responseCode": answer.status, "responseHeaders": fields, "body": STANDARD.encode(&answer.body)});
        let call = self.say("Fetch.fulfillRequest", words)?;
        self.answered.insert(call, request.to_string());
        Ok(())
    }

    fn block(&mut self, request: &str) -> Result<(), Stop> {
        self.fail(request, "BlockedByClient")
    }

    fn fail(&mut self, request: &str, why: &str) -> Result<(), Stop> {
        self.say("Fetch.failRequest", json!({"requestId": request, "errorReason": why})).map(drop)
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

/// A stranger's words, in one line and not too many.
fn cut(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_control()).take(LONGEST_URL).collect()
}
