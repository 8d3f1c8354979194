//! Drills: the real program, driven from outside as officers drive it, one process for each command.
//!
//! Each drill works on a home of its own, copied from one that was staffed once. Nothing here reaches
//! into the records: what a drill knows, the program said. Tests that need something that may be
//! missing (pdftotext, warcio, outside data, leave to mount) say SKIPPED and what is missing.
//!
//! `LANTERNFISH_BLESS=1 cargo test -p lanternfish --test cli` writes `docs/guide/cli.md` anew.
#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

#[path = "cli/authorities.rs"]
mod authorities;
#[path = "cli/backups.rs"]
mod backups;
#[path = "cli/browser.rs"]
mod browser;
#[path = "cli/bucket.rs"]
mod bucket;
#[path = "cli/bulk.rs"]
mod bulk;
#[path = "cli/center.rs"]
mod center;
#[path = "cli/closing.rs"]
mod closing;
#[allow(dead_code, reason = "shared with the store's tests, which do more with a server")]
#[path = "../../store/tests/store/cluster.rs"]
mod cluster;
#[path = "cli/crawl.rs"]
mod crawl;
#[path = "cli/crawl_progress.rs"]
mod crawl_progress;
#[path = "cli/crawl_ways.rs"]
mod crawl_ways;
#[path = "cli/custody.rs"]
mod custody;
#[path = "cli/disclosure.rs"]
mod disclosure;
#[path = "cli/disks.rs"]
mod disks;
#[path = "cli/drawn.rs"]
mod drawn;
#[path = "cli/emergency.rs"]
mod emergency;
#[path = "cli/erasing.rs"]
mod erasing;
#[path = "cli/errata.rs"]
mod errata;
#[path = "cli/exits.rs"]
mod exits;
#[path = "cli/factors.rs"]
mod factors;
#[path = "cli/first_day.rs"]
mod first_day;
#[path = "cli/health.rs"]
mod health;
#[path = "cli/hashes.rs"]
mod hashes;
#[path = "cli/hostile.rs"]
mod hostile;
#[path = "cli/laptop.rs"]
mod laptop;
#[path = "cli/material.rs"]
mod material;
#[allow(dead_code, reason = "shared with the store's tests, which lose things on the way")]
#[path = "../../store/tests/store/moto.rs"]
mod moto;
#[path = "cli/lines.rs"]
mod lines;
#[path = "cli/minimised.rs"]
mod minimised;
#[path = "cli/office.rs"]
mod office;
#[path = "cli/onion.rs"]
mod onion;
#[path = "cli/outside.rs"]
mod outside;
#[path = "cli/page.rs"]
mod page;
#[path = "cli/papers.rs"]
mod papers;
#[path = "cli/passkey_alone.rs"]
mod passkey_alone;
#[path = "cli/people.rs"]
mod people;
#[path = "cli/personas.rs"]
mod personas;
#[path = "cli/pictures.rs"]
mod pictures;
#[path = "cli/planted.rs"]
mod planted;
#[path = "cli/printing.rs"]
mod printing;
#[path = "cli/reclassify.rs"]
mod reclassify;
#[path = "cli/records.rs"]
mod records;
#[path = "cli/release.rs"]
mod release;
#[path = "cli/replay.rs"]
mod replay;
#[path = "cli/restricted.rs"]
mod restricted;
#[path = "cli/revocation.rs"]
mod revocation;
#[path = "cli/roles.rs"]
mod roles;
#[path = "cli/scanning.rs"]
mod scanning;
#[path = "cli/searching.rs"]
mod searching;
#[path = "cli/stamps.rs"]
mod stamps;
#[path = "cli/ten_years.rs"]
mod ten_years;
#[path = "cli/tokens.rs"]
mod tokens;
#[path = "cli/walk.rs"]
mod walk;
#[path = "cli/watch.rs"]
mod watch;
#[path = "cli/watched.rs"]
mod watched;
#[path = "cli/watched_browser.rs"]
mod watched_browser;
#[path = "cli/watched_i2p.rs"]
mod watched_i2p;
#[path = "cli/reasons.rs"]
mod reasons;
#[path = "cli/workspace.rs"]
mod workspace;
#[path = "cli/witness.rs"]
mod witness;
