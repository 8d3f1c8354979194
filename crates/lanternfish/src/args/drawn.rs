//! What is drawn of a case: its timeline and its graph. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::Args;

use super::{InCase, words};

/// The most things or entries of one answer.
const MOST: i64 = 1_000_000;

#[derive(Debug, Args)]
pub struct TimelineArgs {
    #[command(flatten)]
    pub case: InCase,
    /// From this day or minute on, in UTC: 2026-03-01 or "2026-03-01 10:30".
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Until this day or minute, in UTC; the day is included.
    #[arg(long, value_name = "DAY")]
    pub until: Option<String>,
    /// Only these kinds.
    #[arg(long, value_parser = ["admission", "fetch", "manual-capture", "offer", "handover", "finding", "authority-begins", "authority-ends", "listing", "post", "message"])]
    pub kind: Vec<String>,
    /// Only moments that these tell: strangers (claimed), an officer (stated), our collector (seen), our records, an order.
    #[arg(long, value_parser = ["claimed", "stated", "seen", "recorded", "ordered"])]
    pub moment: Vec<String>,
    /// Only what stands in this exhibit or is about it.
    #[arg(long)]
    pub exhibit: Option<String>,
    /// The first entry that is shown, counted from 1.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub first: u32,
    /// Most entries that are shown.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=MOST))]
    pub most: u32,
    /// What you ask for, for the log.
    #[arg(long, value_parser = words)]
    pub purpose: String,
    /// Write a drawing for paper (SVG, black and white) to this new file.
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub svg: Option<PathBuf>,
    /// Write the values of the drawing (JSON) to this new file.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct GraphArgs {
    #[command(flatten)]
    pub case: InCase,
    /// Only these kinds of things.
    #[arg(long, value_parser = ["charge", "finding", "exhibit", "person", "name", "selector"])]
    pub kind: Vec<String>,
    /// Only what is joined with this thing (its id in the answer, such as E-0001).
    #[arg(long, value_name = "THING")]
    pub around: Option<String>,
    /// By how many lines at most it is joined with it.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub hops: u32,
    /// Most things; where there are more, charges, findings and what has most lines stay.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=MOST))]
    pub most: u32,
    /// Show every reason of this line (its id in the answer) instead of the graph.
    #[arg(long, value_name = "LINE", conflicts_with_all = ["svg", "data"])]
    pub why: Option<String>,
    /// Where the layout begins: the same graph and the same number give the same places.
    #[arg(long, default_value_t = 42)]
    pub seed: u32,
    /// What you ask for, for the log.
    #[arg(long, value_parser = words)]
    pub purpose: String,
    /// Write a drawing for paper (SVG, black and white) to this new file.
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub svg: Option<PathBuf>,
    /// Write things, lines and places of the drawing (JSON) to this new file.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
}
