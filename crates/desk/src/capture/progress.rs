//! How far a capture is that runs now: what its child counts, and the circuits that its desk has seen.
//!
//! Numbers for the officer who waits, read from the order's spool on this machine. They are no evidence, and no list of
//! them names an address. Of an order that another machine carries out nothing is known here, and that is said.

use std::{fs, path::Path};

use collect::progress;
use model::{Moment, id::OrderId};
use serde::Serialize;
use store::{Row, Scope, StoreError};

use super::{OrderContent, spool::spool_of};
use crate::Desk;

/// The number of circuits, as the desk that attends the order leaves it in the spool.
const CIRCUITS: &str = "circuits";
/// Orders that are looked at in one answer.
const MOST: u32 = 500;

/// An order that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Underway {
    /// Which.
    pub order: OrderId,
    /// Since when.
    pub since: Moment,
    /// The addresses that it names.
    pub addresses: usize,
    /// Bytes received until now.
    pub bytes: u64,
    /// Pages that came.
    pub pages: u64,
    /// Addresses of which nothing came.
    pub failed: u64,
    /// Circuits that Tor made for it; none where there is no Tor, or nothing was seen of it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circuits: Option<u64>,
    /// Its spool is on another machine: nothing is known here of how far it is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
}

/// How far this order is.
pub(super) fn of(spool: &Path, order: &OrderId, since: Moment, addresses: usize) -> Underway {
    let counted = progress::of(spool).unwrap_or_default();
    let circuits = fs::read_to_string(spool.join(CIRCUITS)).ok().and_then(|text| text.trim().parse().ok());
    Underway { order: order.clone(), since, addresses, bytes: counted.bytes, pages: counted.pages, failed: counted.failed, circuits, elsewhere: !spool.exists() }
}

/// Leaves the number of circuits for who asks from another session. Trouble with it ends no capture.
pub(super) fn note_circuits(spool: &Path, circuits: usize) {
    let fresh = spool.join(format!("{CIRCUITS}.new"));
    let _ = fs::write(&fresh, circuits.to_string()).and_then(|()| fs::rename(&fresh, spool.join(CIRCUITS)));
}

/// How far the order of a crawl's round is; none when it has ended.
pub(crate) fn of_order(desk: &Desk, scope: &Scope, order: &OrderId) -> Result<Option<Underway>, StoreError> {
    let row = desk.store.get(scope, "order", order.as_str())?;
    if row.state != RUNNING { Ok(None) } else { read(desk, &row).map(Some) }
}

/// The captures of the case that run and are no round of a crawl.
pub(crate) fn alone(desk: &Desk, scope: &Scope) -> Result<Vec<Underway>, StoreError> {
    let all = desk.store.stretch(scope, "order", (OrderId::PREFIX, "order~"), Some(RUNNING), MOST)?;
    let mut alone = Vec::new();
    for row in all {
        if row.content::<OrderContent>()?.crawl.is_none() {
            alone.push(read(desk, &row)?);
        }
    }
    Ok(alone)
}

const RUNNING: &str = "running";

fn read(desk: &Desk, row: &Row) -> Result<Underway, StoreError> {
    let content: OrderContent = row.content()?;
    let order = &content.order;
    Ok(of(&spool_of(desk, &order.order), &order.order, order.issued, order.urls.len()))
}
