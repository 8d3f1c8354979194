//! Laws 2 and 15 where many write at once: steps that wait together are recorded together, none is hurt
//! by another, and what one of them changes is seen by those behind it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use model::{Law, action::Action, event::EventType, id::CaseId};
use serde_json::json;
use sqlx::Connection;
use store::{Basis, Committed, Intent, NewEvent, Permit, Scope, Store, StoreError, Write};

use crate::house::{House, commit_note, refused, row};

/// Keeps the head of the log locked while `work` runs, as a slow step of another program would.
fn while_locked<T>(house: &House, work: impl FnOnce() -> T) -> T {
    let (ready, is_ready) = channel();
    let (release, released) = channel();
    std::thread::scope(|threads| {
        threads.spawn(move || match &house.database {
            None => lock_file(&house.root(), &ready, &released),
            Some(database) => lock_server(&database.cluster.url("postgres", &database.name), &ready, &released),
        });
        is_ready.recv().unwrap();
        let answer = work();
        release.send(()).unwrap();
        answer
    })
}

fn lock_file(home: &Path, ready: &Sender<()>, released: &Receiver<()>) {
    let connection = rusqlite::Connection::open(home.join("records.db")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    ready.send(()).unwrap();
    released.recv().unwrap();
    connection.execute_batch("ROLLBACK").unwrap();
}

fn lock_server(url: &str, ready: &Sender<()>, released: &Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql("BEGIN; UPDATE log_head SET id = 1 WHERE id = 1").execute(&mut connection).await.unwrap();
        ready.send(()).unwrap();
        released.recv().unwrap();
        sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// In how many transactions the events from `first` on were recorded.
fn transactions(house: &House, before: usize, first: u64) -> usize {
    match &house.database {
        None => commits(&house.root()) - before,
        Some(database) => {
            let question = format!("SELECT COUNT(DISTINCT xmin::text) FROM event WHERE seq >= {first}");
            usize::try_from(database.cluster.ask("postgres", &database.name, &question).unwrap()).unwrap()
        }
    }
}

/// Transactions in SQLite's write-ahead log: frames that say how large the file is after them.
fn commits(home: &Path) -> usize {
    let wal = std::fs::read(home.join("records.db-wal")).unwrap_or_default();
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
    let Some(header) = wal.get(..32) else { return 0 };
    let frame = 24 + number(&header[8..12]) as usize;
    let frames = wal[32..].chunks_exact(frame).take_while(|frame| frame[8..16] == header[16..24]);
    frames.filter(|frame| number(&frame[4..8]) != 0).count()
}

fn before(house: &House) -> (usize, u64) {
    let commits = if house.database.is_none() { commits(&house.root()) } else { 0 };
    (commits, house.store.log_size().unwrap())
}

/// A person in a case, with a permit.
fn at_work(house: &House, name: &str, case: &CaseId) -> (Scope, Permit) {
    let scope = house.scope(name, case);
    let permit = house.store.permit(&scope, Intent::to(Action::View)).unwrap();
    (scope, permit)
}

fn over_first(store: &Store, (scope, permit): &(Scope, Permit), by: usize) -> Result<Committed, StoreError> {
    let write = Write { basis: Basis::Over(1), ..row(scope, store.now(), "note", "note-shared", "kept", json!({"by": by})) };
    store.commit(scope, permit, NewEvent::new(EventType::FindingAdded, None, json!({})), vec![write])
}

#[test]
fn law_02_steps_that_wait_together_are_recorded_together_and_none_hurts_another() {
    const EACH: usize = 8;
    let house = House::new();
    let members = ["Noy", "Dao", "Kham", "Phet"];
    let (open, over) = (house.open_case(&members), house.open_case(&members));
    house.live_authority(&open, 5);
    let ended = house.live_authority(&over, 5);
    house.note(&house.scope("Noy", &open), "note-shared", "first").unwrap();
    let people: Vec<_> = (0..2 * EACH).map(|n| at_work(&house, ["Noy", "Dao"][n % 2], &open)).collect();
    let late: Vec<_> = (0..EACH).map(|_| at_work(&house, "Noy", &over)).collect();
    house.revoke("Kham", &over, &ended);
    let (before, first) = before(&house);
    let started = AtomicUsize::new(0);
    let answers: Vec<Result<Committed, StoreError>> = std::thread::scope(|threads| {
        let (house, people, late, started) = (&house, &people, &late, &started);
        let hands: Vec<_> = while_locked(house, || {
            let spawn = |n: usize| {
                threads.spawn(move || {
                    started.fetch_add(1, Ordering::SeqCst);
                    match n / EACH {
                        0 => commit_note(&house.store, &people[n].0, &people[n].1, &format!("note-{n}"), "together"),
                        1 => over_first(&house.store, &people[n], n),
                        _ => commit_note(&house.store, &late[n % EACH].0, &late[n % EACH].1, &format!("note-{n}"), "too late"),
                    }
                })
            };
            let hands = (0..3 * EACH).map(spawn).collect();
            while started.load(Ordering::SeqCst) < 3 * EACH {
                std::thread::sleep(Duration::from_millis(10));
            }
            std::thread::sleep(Duration::from_millis(300));
            hands
        });
        hands.into_iter().map(|hand| hand.join().unwrap()).collect()
    });
    assert!(answers[..EACH].iter().all(Result::is_ok), "{answers:?}");
    let won = answers[EACH..2 * EACH].iter().filter(|answer| answer.is_ok()).count();
    let lost = answers[EACH..2 * EACH].iter().filter(|answer| matches!(answer, Err(StoreError::Conflict))).count();
    assert_eq!((won, lost), (1, EACH - 1), "{answers:?}");
    assert!(answers[2 * EACH..].iter().all(|answer| answer.as_ref().is_err_and(|e| e.law() == Some(Law::Revocation))), "{answers:?}");
    house.check_log(first + EACH as u64 + 1);
    let transactions = transactions(&house, before, first);
    assert!((1..=EACH / 2).contains(&transactions), "{} events in {transactions} transactions", EACH + 1);
}

#[test]
fn law_15_who_waits_behind_a_revocation_is_judged_by_it() {
    const BEHIND: usize = 8;
    let house = House::new();
    let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    let authority = house.live_authority(&case, 5);
    let people: Vec<_> = (0..=BEHIND).map(|_| at_work(&house, "Noy", &case)).collect();
    let first = house.store.log_size().unwrap();
    let pause = || std::thread::sleep(Duration::from_millis(300));
    let recorded: Vec<u64> = std::thread::scope(|threads| {
        let (house, case, authority, people) = (&house, &case, &authority, &people);
        let note = move |n: usize| commit_note(&house.store, &people[n].0, &people[n].1, &format!("note-{n}"), "in a row");
        let hands: Vec<_> = while_locked(house, || {
            // One who leads and waits for the lock; behind him the revocation; behind it those whom it concerns.
            let leader = threads.spawn(move || note(BEHIND));
            pause();
            threads.spawn(move || house.revoke("Kham", case, authority));
            pause();
            let behind = (0..BEHIND).map(|n| threads.spawn(move || note(n)));
            let hands = std::iter::once(leader).chain(behind.collect::<Vec<_>>()).collect();
            pause();
            hands
        });
        hands.into_iter().filter_map(|hand| hand.join().unwrap().ok()).map(|done| done.event).collect()
    });
    let scope = house.scope("Noy", &case);
    let events = house.store.events(&scope, first, 100).unwrap();
    let revoked = events.iter().find(|(event, _)| event.leaf.event_type == EventType::AuthorityRevoked).unwrap().0.leaf.seq;
    assert!(recorded.iter().all(|event| *event < revoked), "recorded {recorded:?}, revoked by event {revoked}");
    house.check_log(house.store.log_size().unwrap());
}

#[test]
fn law_02_when_the_one_who_writes_for_all_breaks_down_the_others_go_on() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    house.live_authority(&case, 5);
    let breaks = Arc::new(AtomicBool::new(false));
    let (broken, now) = (Arc::clone(&breaks), house.store.now());
    // The clock is read in the middle of a batch.
    let store = Store::open(&house.root()).unwrap().with_clock(move || {
        assert!(!broken.load(Ordering::SeqCst), "planted: the clock is broken");
        now
    });
    let (scope, permit) = at_work(&house, "Noy", &case);
    let first = house.store.log_size().unwrap();
    // Who waits for a leader that never comes must not make the test wait too.
    let held: &'static (Store, Scope, Permit) = Box::leak(Box::new((store, scope, permit)));
    let commit = || {
        let (answer, answered) = channel();
        std::thread::spawn(move || {
            let event = NewEvent::new(EventType::FindingAdded, None, json!({}));
            answer.send(held.0.commit(&held.1, &held.2, event, vec![]))
        });
        answered.recv_timeout(Duration::from_secs(30)).ok()
    };
    breaks.store(true, Ordering::SeqCst);
    assert!(commit().is_none(), "the clock broke in the middle of the batch");
    breaks.store(false, Ordering::SeqCst);
    assert_eq!(commit().expect("somebody leads again").unwrap().event, first);
    house.check_log(first + 1);
}

#[test]
fn law_15_a_revocation_by_another_program_is_seen_at_the_next_step() {
    let house = House::new();
    let case = house.open_case(&["Noy", "Dao", "Kham", "Phet"]);
    let authority = house.live_authority(&case, 5);
    let second = house.another_store();
    let scope = second.enter(&house.session("Noy"), &case).unwrap();
    let permit = second.permit(&scope, Intent::to(Action::View)).unwrap();
    // The second program has read what it needs for the next step, and nothing has changed so far.
    commit_note(&second, &scope, &permit, "note-1", "in time").unwrap();
    commit_note(&second, &scope, &permit, "note-2", "in time").unwrap();
    house.revoke("Kham", &case, &authority);
    refused(commit_note(&second, &scope, &permit, "note-3", "too late"), Law::Revocation);
    house.check_log(house.store.log_size().unwrap());
}
