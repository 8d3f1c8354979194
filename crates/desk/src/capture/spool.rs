//! The spools of orders: whose they are, when they go, and what becomes of an order whose desk died.
//!
//! A spool is never emptied while its order runs, nor by a desk that did not end it: it may be the only copy of what was
//! captured. An order ends once, and not on the word of a machine that cannot see its spool: what was given up there is
//! admitted where the spool is, and says so.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use model::{Law, Moment, action::Action, capture::{MAX_LEASE_SECONDS, Order}, id::OrderId};
use store::{Intent, Permit, Row, Scope, StoreError};

use super::{CaptureView, Ended, GRACE, LEASE, OrderContent, admit_spool};
use crate::Desk;

/// The longest that an order of another machine is waited for.
const LONGEST_ORDER: Duration = Duration::from_secs(86_400);

/// Removes the spool of an order that this desk has ended. While its row still says "running", or another desk was first, the
/// spool may be the only copy of what was captured, and stays for `capture --recover`.
pub(super) fn empty_spool(desk: &Desk, scope: &Scope, order: &OrderId, ended: &Result<CaptureView, StoreError>) -> Result<(), StoreError> {
    if matches!(ended, Err(StoreError::Conflict)) {
        return Ok(());
    }
    if desk.store.get(scope, "order", order.as_str())?.state == "running" {
        return Ok(());
    }
    let spool = desk.store.home().spool().join(order.as_str());
    match fs::remove_dir_all(&spool) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::environment("emptying the spool", &error)),
        _ => Ok(()),
    }
}

/// Makes the spool of an order, and holds it: no folder of an order is ever seen that nobody holds and nobody made.
pub(super) fn spool_folder(desk: &Desk, order: &OrderId) -> Result<(PathBuf, fs::File), StoreError> {
    let trouble = |e: std::io::Error| StoreError::environment("making the spool folder", &e);
    let spools = desk.store.home().spool();
    let (folder, making) = (spools.join(order.as_str()), spools.join(format!("{UNBORN}{order}")));
    let _alone = nobody_else_makes(&spools).map_err(trouble)?;
    fs::create_dir(&making).map_err(trouble)?;
    let lock = fs::File::create(making.join(ATTENDED)).map_err(trouble)?;
    lock.try_lock().map_err(|e| trouble(e.into()))?;
    fs::rename(&making, &folder).map_err(trouble)?;
    Ok((folder, lock))
}

/// What the name of a folder begins with until it is held under its own name.
const UNBORN: char = '.';

/// The folder of all spools, locked: while it is, no other desk is in the middle of making one. The kernel lets the lock go
/// with the desk.
fn nobody_else_makes(spools: &Path) -> std::io::Result<fs::File> {
    let all = fs::File::open(spools)?;
    all.lock()?;
    Ok(all)
}

/// Takes away what desks that died in the middle of making a spool left there: nothing was ever written into it.
fn sweep_unborn(spools: &Path) -> std::io::Result<()> {
    let _alone = nobody_else_makes(spools)?;
    for entry in fs::read_dir(spools)? {
        let name = entry?.file_name();
        if name.to_str().and_then(|name| name.strip_prefix(UNBORN)).is_some_and(|order| order.parse::<OrderId>().is_ok()) {
            fs::remove_dir_all(spools.join(name))?;
        }
    }
    Ok(())
}

/// The state of an order that ended without an exhibit.
pub(super) const FAILED: &str = "failed";

/// Whether an order ended without an exhibit on the word of a machine that could not see its spool. What was refused where
/// its spool was seen stays refused.
pub(super) fn is_given_up_unseen(row: &Row) -> bool {
    row.state == FAILED && row.content::<OrderContent>().is_ok_and(|content| content.unseen)
}

/// A file in the spool that the desk holds locked while it attends the order; the kernel lets it go with the desk.
const ATTENDED: &str = "desk.lock";

pub(super) fn spool_of(desk: &Desk, order: &OrderId) -> PathBuf {
    desk.store.home().spool().join(order.as_str())
}

/// Holds the order's spool as the desk that attends it; none when a living desk of this machine does already.
fn attending(desk: &Desk, order: &OrderId) -> Result<Option<fs::File>, StoreError> {
    let trouble = |e: std::io::Error| StoreError::environment("holding the spool", &e);
    let lock = match fs::File::create(spool_of(desk, order).join(ATTENDED)) {
        // Another desk has ended it and taken the folder away.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        lock => lock.map_err(trouble)?,
    };
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(trouble(error)),
    }
}

/// Whether the order's spool is on this machine.
pub(crate) fn is_here(desk: &Desk, order: &OrderId) -> bool {
    spool_of(desk, order).exists()
}

/// Whether a living desk of this machine attends this order.
pub(crate) fn is_held(desk: &Desk, order: &OrderId) -> bool {
    let lock = desk.store.home().spool().join(order.as_str()).join(ATTENDED);
    fs::File::open(lock).is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

/// Whether a desk attends this order, or its collector may still be at work. A desk that died lets its lock go at
/// once; its collector signs as its last act, and ends with its lease at the latest.
pub(crate) fn is_attended(desk: &Desk, order: &OrderId) -> bool {
    let spool = desk.store.home().spool().join(order.as_str());
    if is_held(desk, order) || spool.join(collect::spool::RECORD).exists() {
        return is_held(desk, order);
    }
    let young = |path: PathBuf| {
        let written = fs::metadata(path).and_then(|about| about.modified());
        written.ok().and_then(|at| at.elapsed().ok()).is_some_and(|age| age < LEASE + GRACE)
    };
    young(spool.join(collect::spool::ORDER)) || young(spool)
}

/// Takes away what desks that died left in the spool and nobody needs: orders of this case that have ended, and
/// folders of orders that were never written down or never whole. An order that still says "running" is left for its recovery.
pub(crate) fn sweep(desk: &Desk, scope: &Scope) -> Result<(), StoreError> {
    let trouble = |e: std::io::Error| StoreError::environment("looking through the spool", &e);
    sweep_unborn(&desk.store.home().spool()).map_err(trouble)?;
    for entry in fs::read_dir(desk.store.home().spool()).map_err(trouble)? {
        let path = entry.map_err(trouble)?.path();
        let Some(order) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<OrderId>().ok()) else { continue };
        let ended = match desk.store.get(scope, "order", order.as_str()) {
            // One that was given up elsewhere may lie here whole: it is recovered, not swept.
            Ok(row) => row.state != "running" && !is_given_up_unseen(&row),
            // Of another case, or of none: without an order in it, it is of none.
            Err(StoreError::Input(_)) => !path.join(collect::spool::ORDER).exists(),
            // Erased: nobody opens it any more.
            Err(error) => error.law() == Some(Law::Erasure),
        };
        if ended && !is_held(desk, &order) {
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(trouble(error)),
                _ => {}
            }
        }
    }
    Ok(())
}

/// The spool folders of orders that nobody attends any more.
pub(crate) fn left_spools(desk: &Desk) -> Result<Vec<String>, StoreError> {
    let trouble = |e: std::io::Error| StoreError::environment("looking through the spool", &e);
    let mut left = Vec::new();
    for entry in fs::read_dir(desk.store.home().spool()).map_err(trouble)? {
        let name = entry.map_err(trouble)?.file_name();
        let order = name.to_str().and_then(|name| name.parse::<OrderId>().ok());
        left.extend(order.filter(|order| !is_attended(desk, order)).map(|order| order.to_string()));
    }
    left.sort();
    Ok(left)
}

/// Ends orders whose desk died: admits a signed spool, closes an unsigned one. Gives one line each.
///
/// # Errors
/// When the records cannot be read.
pub fn recover(desk: &Desk, scope: &Scope) -> Result<Vec<String>, StoreError> {
    let keep = desk.store.permit(scope, Intent::to(Action::Transfer))?;
    let mut lines = Vec::new();
    let lies_here = |row: &Row| row.id.parse::<OrderId>().is_ok_and(|order| spool_of(desk, &order).exists());
    for row in desk.store.list(scope, "order")?.iter().filter(|row| row.state == "running" || (lies_here(row) && is_given_up_unseen(row))) {
        lines.push(format!("{}: {}", row.id, recovered(desk, scope, &keep, row)?));
    }
    sweep(desk, scope)?;
    Ok(lines)
}

fn recovered(desk: &Desk, scope: &Scope, keep: &Permit, row: &Row) -> Result<String, StoreError> {
    let content: OrderContent = row.content()?;
    let order = &content.order.order;
    let here = spool_of(desk, order).exists();
    if !here && desk.now() <= ends_by(&content.order, row.time) {
        return Ok(format!(
            "its spool folder is not on this machine: it was begun on another one and may run until {}. Run `lanternfish capture --recover` there; here the order can be given up after that time",
            ends_by(&content.order, row.time)
        ));
    }
    if is_attended(desk, order) {
        return Ok("still running".into());
    }
    let held = if here { attending(desk, order)? } else { None };
    if here && held.is_none() {
        return Ok("still running".into());
    }
    let ended = left_behind(desk, scope, keep, row, &content);
    empty_spool(desk, scope, order, &ended)?;
    Ok(match ended {
        Ok(view) => format!("admitted as {}", view.exhibit.exhibit),
        Err(StoreError::Conflict) => "another desk has ended it meanwhile".into(),
        Err(error) if here => error.to_string(),
        Err(error) => format!("given up, because it was begun on another machine and its spool folder is not here: {error}"),
    })
}

/// When an order is over at the latest, whoever carries it out: each address has its own time, in a browser a longer one,
/// then the lease ends.
fn ends_by(order: &Order, begun: Moment) -> Moment {
    let all = collect::longest_ms(order).div_ceil(1_000).min(LONGEST_ORDER.as_secs());
    begun.plus_seconds(i64::try_from(all).unwrap_or(i64::MAX).saturating_add(MAX_LEASE_SECONDS).saturating_add(GRACE.as_secs() as i64))
}

fn left_behind(desk: &Desk, scope: &Scope, keep: &Permit, row: &Row, content: &OrderContent) -> Result<CaptureView, StoreError> {
    let revoked = StoreError::refused(Law::Revocation, "the desk ended before the capture did");
    admit_spool(desk, scope, keep, row, content, &Ended { revoked: Some(revoked), unwatched: collect::is_walled(&content.order.transport), ..Ended::default() })
}

/// How long a collector may be at work after its desk is gone.
pub(crate) const AFTER_ITS_DESK: Duration = LEASE.saturating_add(GRACE);

/// Ends an order of another machine whose desk is gone and whose lease is over: without an exhibit, because its spool is
/// not here. The caller has its turn.
///
/// # Errors
/// A conflict, when it has ended meanwhile.
pub(crate) fn give_up(desk: &Desk, scope: &Scope, order: &OrderId) -> Result<(), StoreError> {
    let row = desk.store.get(scope, "order", order.as_str())?;
    if row.state != "running" {
        return Err(StoreError::Conflict);
    }
    let keep = desk.store.permit(scope, Intent::to(Action::Transfer))?;
    match left_behind(desk, scope, &keep, &row, &row.content()?) {
        Err(error) if error.law() != Some(Law::Integrity) => Err(error),
        _ => Ok(()),
    }
}

/// Ends one order whose desk died, as [`recover`] does: with an exhibit, or without one.
///
/// # Errors
/// Where its spool lies on another machine.
pub(crate) fn recover_one(desk: &Desk, scope: &Scope, order: &OrderId) -> Result<(), StoreError> {
    let row = desk.store.get(scope, "order", order.as_str())?;
    if row.state != "running" {
        // Another desk ended it since: look again.
        return Err(StoreError::Conflict);
    }
    let content: OrderContent = row.content()?;
    if !spool_of(desk, order).exists() {
        return Err(StoreError::Environment {
            attempt: "going on with the crawl".into(),
            cause: format!(
                "its last round ({order}) was begun on another machine, or its spool folder is gone: go on there, or run `lanternfish capture --recover` here after {} to give that round up",
                ends_by(&content.order, row.time)
            ),
        });
    }
    let Some(_held) = attending(desk, order)? else { return Err(StoreError::Conflict) };
    let keep = desk.store.permit(scope, Intent::to(Action::Transfer))?;
    let ended = left_behind(desk, scope, &keep, &row, &content);
    empty_spool(desk, scope, order, &ended)?;
    match ended {
        // Nobody signed it: it can never become evidence, and its pages wait again.
        Err(error) if error.law() != Some(Law::Integrity) => Err(error),
        _ => Ok(()),
    }
}
