//! What leaves the house: making a court package, and checking one.
//!
//! A package is a BagIt 1.0 bag (RFC 8493) whose tag manifest is the one sealed object. Beside it
//! stand one CAdES signature per officer, RFC 3161 tokens, the seal event with its salt and detail,
//! and a tlog-proof. The layout is fixed in `model::package`.
//!
//! Two sides:
//! - *making* (feature `make`): [`bag`], [`cms`], [`tsp`], [`pki`], [`wacz`], [`surt`], [`case_uco`], [`disclosure`];
//! - *checking* (always): [`check::verify_package`], which trusts nothing that came with the package.
//!
//! It refuses to read a clock, to draw randomness, to open a socket and to know a store or a permit:
//! time, chance and bytes arrive as arguments. Laws 5, 7 and 8.

#[cfg(feature = "make")]
pub mod bag;
#[cfg(feature = "make")]
pub mod case_uco;
pub mod certificate;
pub mod check;
#[cfg(feature = "make")]
pub mod cms;
#[cfg(feature = "make")]
pub mod disclosure;
pub mod fuzz;
mod instant;
pub mod layout;
pub mod oid;
#[cfg(feature = "make")]
pub mod pki;
pub mod renewal;
pub mod revocation;
pub mod signature;
pub mod signed;
pub mod stamp;
#[cfg(feature = "make")]
mod stored_zip;
#[cfg(feature = "make")]
pub mod surt;
#[cfg(feature = "make")]
pub mod tsp;
#[cfg(feature = "make")]
pub mod wacz;

mod flaw;

pub use certificate::Certificate;
pub use flaw::Flaw;
