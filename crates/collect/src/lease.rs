//! How long the child may go on. Pure: the text of the order file and both clocks arrive as arguments.
//!
//! A lease reaches at most 30 s ahead and ends at the earlier of its wall time and a deadline on the
//! boot clock that is fixed when the lease is first seen; setting the wall clock back lengthens
//! nothing (laws 1 and 15). A renewal may change only serial, `issued` and `until`.

use ed25519_dalek::VerifyingKey;
use model::Sha256Digest;
use model::capture::{MAX_LEASE_SECONDS, Order};

use crate::{LOOPBACK_DIRECT, is_labelled, is_proxied, room};
use crate::clock::Now;
use crate::envelope::{self, EnvelopeError};

/// How far ahead of our wall clock `issued` may lie, in seconds: a time service may step the clock
/// between the desk's reading and ours.
pub const SKEW_SECONDS: i64 = 2;

/// Why an order or a renewal was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// The envelope is not believed.
    #[error("the order is not believed: {0}")]
    Envelope(#[from] EnvelopeError),
    /// The file is gone or cannot be read.
    #[error("the order cannot be read: {0}")]
    Missing(String),
    /// Another transport.
    #[error("the order names the transport {}; loopback-direct exists here, tor and tor-exit with a circuit label, proxy and i2p with the name of a proxy", model::quoted(.0))]
    Transport(String),
    /// Not an age recipient.
    #[error("a recipient of the order is not an age X25519 recipient (age1…)")]
    Recipient,
    /// More than one record holds.
    #[error("the order has more addresses, or longer ones, than one record can hold; give several orders")]
    TooMany,
    /// Reaches too far.
    #[error("the lease reaches {0} s ahead; at most 30 s are allowed (law 15)")]
    TooLong(i64),
    /// Another session than the order's.
    #[error("the session that was handed over is not the one that the order commits to; start a new capture")]
    OtherSession,
    /// A browser and a session.
    #[error("an order for a browser carries no session: the browser has no cookies; capture for the persona without --browser")]
    BrowserWithSession,
    /// Issued later than now.
    #[error("the order was issued later than this machine's clock; check the clock")]
    FromTheFuture,
    /// Over before it was read.
    #[error("the lease is over; the desk must renew it while the authority lives (law 15)")]
    Lapsed,
    /// An older lease put back.
    #[error("the order carries serial {found}, but {seen} was already seen; an old order was put back")]
    OldSerial {
        /// In the file.
        found: u64,
        /// Seen before.
        seen: u64,
    },
    /// Not the same work.
    #[error("the new order is not a renewal of the one being carried out; start a new capture for it")]
    OtherWork,
}

/// A lease in force, with the order that it is for.
#[derive(Debug, Clone)]
pub struct Lease {
    trusted: VerifyingKey,
    current: Order,
    /// Digest of the order body with which the run began.
    first_digest: Sha256Digest,
    deadline_boot_ms: i64,
}

impl Lease {
    /// Reads the first order.
    ///
    /// # Errors
    /// [`OrderRefusal`]; nothing may then be fetched.
    pub fn begin(file: &[u8], trusted: VerifyingKey, now: Now) -> Result<Lease, OrderRefusal> {
        let (signed, order) = envelope::open_file::<Order>(file, &trusted)?;
        if !is_known(&order) {
            return Err(OrderRefusal::Transport(order.transport));
        }
        if order.browser.is_some() && order.keeping.is_some() {
            return Err(OrderRefusal::BrowserWithSession);
        }
        let recipients = std::iter::once(&order.spool_recipient).chain(order.keeping.as_ref().map(|keeping| &keeping.recipient));
        if recipients.into_iter().any(|recipient| recipient.parse::<age::x25519::Recipient>().is_err()) {
            return Err(OrderRefusal::Recipient);
        }
        if room::least(&order) > room::ROOM / 2 {
            return Err(OrderRefusal::TooMany);
        }
        let deadline_boot_ms = deadline(&order, now)?;
        Ok(Lease { trusted, current: order, first_digest: Sha256Digest::of(signed.body.as_bytes()), deadline_boot_ms })
    }

    /// Reads the order file again: the lease already known, or a renewal of it.
    ///
    /// # Errors
    /// [`OrderRefusal`]; the run must then stop.
    pub fn renew(&mut self, file: &[u8], now: Now) -> Result<(), OrderRefusal> {
        let (_, order) = envelope::open_file::<Order>(file, &self.trusted)?;
        if order == self.current {
            return self.live(now);
        }
        if order.serial <= self.current.serial {
            return Err(OrderRefusal::OldSerial { found: order.serial, seen: self.current.serial });
        }
        if !is_renewal(&self.current, &order) {
            return Err(OrderRefusal::OtherWork);
        }
        self.deadline_boot_ms = deadline(&order, now)?;
        self.current = order;
        Ok(())
    }

    /// Whether the lease still runs, by both clocks.
    ///
    /// # Errors
    /// [`OrderRefusal::Lapsed`].
    pub fn live(&self, now: Now) -> Result<(), OrderRefusal> {
        if now.wall < self.current.until && now.boot_ms < self.deadline_boot_ms { Ok(()) } else { Err(OrderRefusal::Lapsed) }
    }

    /// The order as last renewed.
    pub fn order(&self) -> &Order {
        &self.current
    }

    /// SHA-256 of the order body with which the run began.
    pub fn first_digest(&self) -> Sha256Digest {
        self.first_digest
    }
}

/// A transport that is here, with the label or the name that belongs to it.
fn is_known(order: &Order) -> bool {
    let labelled = order.isolation.as_deref().is_some_and(|label| !label.is_empty());
    let named = order.network.as_deref().is_some_and(|network| network.strip_prefix("proxy:").is_some_and(|name| !name.is_empty()));
    match order.transport.as_str() {
        transport if is_labelled(transport) => labelled && !named,
        transport if is_proxied(transport) => named && order.isolation.is_none(),
        transport => transport == LOOPBACK_DIRECT && order.isolation.is_none(),
    }
}

/// Checks the times of an order and gives the boot-clock deadline of its lease.
fn deadline(order: &Order, now: Now) -> Result<i64, OrderRefusal> {
    let reach = order.until.micros().saturating_sub(order.issued.micros());
    if reach > MAX_LEASE_SECONDS * 1_000_000 {
        return Err(OrderRefusal::TooLong(reach / 1_000_000));
    }
    if order.issued > now.wall.plus_seconds(SKEW_SECONDS) {
        return Err(OrderRefusal::FromTheFuture);
    }
    let left = order.until.micros().saturating_sub(now.wall.micros()).min(reach);
    if left <= 0 {
        return Err(OrderRefusal::Lapsed);
    }
    Ok(now.boot_ms.saturating_add(left / 1_000))
}

fn is_renewal(old: &Order, new: &Order) -> bool {
    let same_times = Order { serial: old.serial, issued: old.issued, until: old.until, ..new.clone() };
    same_times == *old
}
