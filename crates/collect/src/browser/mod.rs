//! Pages in a browser: optional, off unless the order says so.
//!
//! The browser (Debian's Chromium) has **no network at all**, not even loopback. Whatever a page wants, the browser
//! asks for on a pipe, and the collector answers: it fetches what lies on the order's own servers, by its one way
//! and with its own request, keeps the bytes as they came, and refuses the rest. So there is one code that fetches,
//! and a browser that was taken over by a page still has nobody to speak to.
//!
//! It refuses: every server that the order does not name, everything but GET, pictures and fonts where the order is
//! for text, scripts where the order does not allow them, downloads, dialogs, cookies, a page that leads its own
//! window elsewhere.
//!
//! Three processes: the collector ([`session`]), a launcher that stands in walls of its own and watches
//! ([`launcher`]), and the browser inside them ([`filter`] for its system calls).

mod answer;
mod archive;
mod filter;
mod launcher;
mod looks;
mod pipe;
mod session;
mod walls;
mod wanted;

pub use answer::fuzz_answer;
pub use archive::fuzz_archive;
pub use launcher::{Fault, browser_main, browser_main_with, is_installed};

pub(crate) use session::{Browser, NoBrowser, NotDone, longest_ms, run};

use model::capture::Probe;

/// Put before the names of what was tried from the browser's own place.
const MARK: &str = "browser ";

/// Every try that a record of a browser must hold.
pub fn proof_names() -> Vec<String> {
    let walls = crate::battery::walled_names().into_iter();
    walls.chain(looks::BEFORE.iter().chain(&launcher::AFTER).map(|name| name.to_string())).map(|name| format!("{MARK}{name}")).collect()
}

/// The same tries, named as those of the browser.
fn marked(probes: Vec<Probe>) -> Vec<Probe> {
    probes.into_iter().map(|probe| Probe { probe: format!("{MARK}{}", probe.probe), ..probe }).collect()
}
