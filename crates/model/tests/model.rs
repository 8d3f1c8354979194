//! What the words of a case must hold, shown on the pure model: nothing is lawful without a live
//! authority or a standing basis (laws 1, 13, 15), one custodian at any time (law 4), no date that can
//! be read two ways, one spelling of every leaf and seal plan (laws 3, 8, 10).
#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

#[path = "model/authorities.rs"]
mod authorities;
#[path = "model/canon.rs"]
mod canon;
#[path = "model/crawl.rs"]
mod crawl;
#[path = "model/custody.rs"]
mod custody;
#[path = "model/dates.rs"]
mod dates;
#[path = "model/defence.rs"]
mod defence;
#[path = "model/dice.rs"]
mod dice;
#[path = "model/known.rs"]
mod known;
#[path = "model/leaf.rs"]
mod leaf;
#[path = "model/million.rs"]
mod million;
#[path = "model/personas.rs"]
mod personas;
#[path = "model/plan.rs"]
mod plan;
#[path = "model/restricted.rs"]
mod restricted;
#[path = "model/release.rs"]
mod release;
#[path = "model/roles.rs"]
mod roles;
#[path = "model/subjects.rs"]
mod subjects;
#[path = "model/tokens.rs"]
mod tokens;
