//! The verifier against packages that were changed: every structured change and many random ones end
//! in exit 1 and name a law or a part; every untouched package ends in exit 0.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../../seal/tests/common/mod.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod common;
#[path = "verify/agencies.rs"]
mod agencies;
#[path = "verify/disclosures.rs"]
mod disclosures;
#[path = "verify/outcomes.rs"]
mod outcomes;
#[path = "verify/random.rs"]
mod random;
#[path = "verify/sample.rs"]
mod sample;
#[path = "verify/seals.rs"]
mod seals;
#[path = "verify/structured.rs"]
mod structured;
