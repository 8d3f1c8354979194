//! Drawings for court: where the things of a graph stand on paper, and the paper itself.
//!
//! Whoever has the same things and the same seed computes the same places, to the last unit, on any machine and in any
//! order of the input: a chart that was printed can be made again by the other side. It refuses: a clock, randomness,
//! files and threads; any operation on numbers that two machines may answer differently (all is +, −, ×, ÷ and √ of
//! IEEE 754); to say anything by nearness alone: what two things have to do with each other stands in their line.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed"))]

mod places;
mod room;
mod svg;

pub use places::{Layout, Place, places};
pub use svg::{Dot, Drawn, Joined, Lane, Mark, Sheet, Stroke, graph, timeline};
