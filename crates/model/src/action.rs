//! What can be done to a case, and which of the six logged operations of LED art. 25 it is.

use serde::{Deserialize, Serialize};

/// One kind of step. Each is bound into a permit (law 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Take bytes from the network.
    Collect,
    /// Take from the network what is not text: pictures, films, sound, documents, archives.
    CollectMedia,
    /// Open pages in a browser, which shows them as a visitor sees them.
    CollectRendered,
    /// Take a file or a thing into the case.
    Admit,
    /// Open an exhibit's bytes.
    View,
    /// Unpack or extract: make derivations and selectors.
    Examine,
    /// Ask a question of the case's contents.
    Query,
    /// Follow money.
    Trace,
    /// Judge that selectors belong together.
    Link,
    /// Write a finding.
    Conclude,
    /// Write a report.
    Report,
    /// Build, sign, stamp or issue a package.
    Package,
    /// Give a part of a sealed package to a party, decide what is withheld, open it later.
    Disclose,
    /// Correct what went out wrong, and say what may assist the defence: owed to it, whatever else is allowed.
    Correct,
    /// Give intelligence to another agency.
    Share,
    /// Ask another state or a provider.
    Request,
    /// Move custody.
    Transfer,
    /// Change who may work in the case, its keys or its state.
    Administer,
    /// Read the log and its proofs.
    Audit,
    /// Destroy what is held on a person.
    Erase,
    /// Look at what may be privileged, and say whether it is: the filter team's own action.
    Filter,
    /// Show contraband to a named person, in one's presence.
    Supervise,
    /// Open an item that no authority reaches: for a threat to life, or because it may speak for the suspect.
    Release,
    /// Write down a controlled contact or purchase that was made by other lawful means.
    Contact,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 24] = [
        Action::Collect, Action::CollectMedia, Action::CollectRendered, Action::Admit, Action::View, Action::Examine, Action::Query,
        Action::Trace, Action::Link, Action::Conclude, Action::Report, Action::Package, Action::Disclose, Action::Correct, Action::Share, Action::Request,
        Action::Transfer, Action::Administer, Action::Audit, Action::Erase, Action::Filter, Action::Supervise,
        Action::Release, Action::Contact,
    ];

    /// The name used on the command line and in scopes.
    pub fn name(self) -> &'static str {
        match self {
            Action::Collect => "collect",
            Action::CollectMedia => "collect-media",
            Action::CollectRendered => "collect-rendered",
            Action::Admit => "admit",
            Action::View => "view",
            Action::Examine => "examine",
            Action::Query => "query",
            Action::Trace => "trace",
            Action::Link => "link",
            Action::Conclude => "conclude",
            Action::Report => "report",
            Action::Package => "package",
            Action::Disclose => "disclose",
            Action::Correct => "correct",
            Action::Share => "share",
            Action::Request => "request",
            Action::Transfer => "transfer",
            Action::Administer => "administer",
            Action::Audit => "audit",
            Action::Erase => "erase",
            Action::Filter => "filter",
            Action::Supervise => "supervise",
            Action::Release => "release",
            Action::Contact => "contact",
        }
    }
}

impl std::str::FromStr for Action {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Action::ALL.into_iter().find(|action| action.name() == text).ok_or_else(|| {
            let names: Vec<_> = Action::ALL.iter().map(|action| action.name()).collect();
            format!("{text} is not an action: choose from {}", names.join(", "), text = crate::quoted(text))
        })
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The operations that law-enforcement data-protection law wants logged (Directive (EU) 2016/680
/// art. 25; UK DPA 2018 s 62).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Data came in.
    Collection,
    /// Data changed.
    Alteration,
    /// Data was read.
    Consultation,
    /// Data went out.
    Disclosure,
    /// Data was joined.
    Combination,
    /// Data was destroyed.
    Erasure,
}
