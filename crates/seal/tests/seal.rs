//! The making side against its own checker, against stock tools, and against hostile bytes.

#![expect(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "each test binary uses its own part")]
mod common;
#[path = "seal/bags.rs"]
mod bags;
#[path = "seal/cases.rs"]
mod cases;
#[path = "seal/certificates.rs"]
mod certificates;
#[path = "seal/hostile.rs"]
mod hostile;
#[path = "seal/stamps.rs"]
mod stamps;
#[path = "seal/stock.rs"]
mod stock;
#[path = "seal/waczs.rs"]
mod waczs;
