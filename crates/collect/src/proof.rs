//! What a record must say of its session before it becomes evidence: the way that was ordered, and, through Tor,
//! walls that stood and every try of the battery held. A signature alone says only who wrote it.

use model::capture::{CaptureRecord, Order};

use crate::{battery, browser, is_walled};

/// What a record does not prove.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotProved {
    /// Another way than the order's.
    #[error("the record names another way than its order: {0}")]
    OtherWay(&'static str),
    /// No walls, or no filter.
    #[error("the record of a capture through Tor names the cage {0:?}: it had no walls, or no filter of system calls")]
    NoWalls(String),
    /// A try of the battery is missing or found a way out.
    #[error("the record of a capture through Tor does not prove that nothing else could leave: {0}")]
    Leak(String),
}

/// Holds a record against its order.
///
/// # Errors
/// [`NotProved`].
pub fn proves(order: &Order, record: &CaptureRecord) -> Result<(), NotProved> {
    for (what, same) in [
        ("transport", order.transport == record.transport),
        ("circuit label", order.isolation == record.isolation),
        ("network", order.network == record.network),
        ("browser", order.browser.as_ref().map(|how| how.scripts) == record.browser.as_ref().map(|did| did.scripts)),
        ("session", order.keeping.is_some() == record.withheld.is_some()),
    ] {
        if !same {
            return Err(NotProved::OtherWay(what));
        }
    }
    if order.browser.is_some() {
        all_held(record, &browser::proof_names())?;
    }
    if !is_walled(&order.transport) {
        return Ok(());
    }
    if !record.cage.starts_with("namespaces+") || !record.cage.contains("seccomp") {
        return Err(NotProved::NoWalls(record.cage.clone()));
    }
    all_held(record, &battery::names())
}

/// Each of these was tried, and nothing that was tried found a way out.
fn all_held(record: &CaptureRecord, names: &[String]) -> Result<(), NotProved> {
    let missing = names.iter().find(|name| !record.proof.iter().any(|probe| probe.probe == **name));
    let open = battery::leaks(&record.proof).into_iter().next();
    match open.or(missing.map(|name| format!("{name} was not tried"))) {
        Some(why) => Err(NotProved::Leak(why)),
        None => Ok(()),
    }
}
