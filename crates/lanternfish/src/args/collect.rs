//! Crawls and their schedules. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Concerns, InCase, LONGEST_MS, MOST_BYTES, source_class, way, words};

#[derive(Debug, Subcommand)]
pub enum CollectVerb {
    /// Follow links from these addresses, inside a scope. Needs leave to collect from each host, and to examine.
    Crawl(Box<CrawlArgs>),
    /// Carry a crawl on where it stands, also after its desk died.
    Resume {
        #[command(flatten)]
        case: InCase,
        /// The crawl, such as K-0001.
        crawl: String,
    },
    /// The same, and ask again for the pages that did not come.
    Retry {
        #[command(flatten)]
        case: InCase,
        /// The crawl.
        crawl: String,
    },
    /// Stop a crawl after the round that runs, or take a schedule off. What came is kept.
    Stop {
        #[command(flatten)]
        case: InCase,
        /// The crawl (K-0001) or the schedule (R-0001).
        which: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// The crawls and schedules of the case: pages, bytes, what waits, what failed.
    Status {
        #[command(flatten)]
        case: InCase,
        /// Only this crawl.
        crawl: Option<String>,
    },
    /// Every address that a crawl met: visited or not, and why not.
    Sitemap {
        #[command(flatten)]
        case: InCase,
        /// The crawl.
        crawl: String,
        /// Only these: waiting, fetched, failed or left-out.
        #[arg(long, value_parser = ["waiting", "fetched", "failed", "left-out"])]
        state: Option<String>,
        /// Make it an exhibit, one JSON line for each address, so that it goes into reports and packages.
        #[arg(long)]
        admit: bool,
    },
    /// What changed between two crawls: new, changed, nearly the same, gone.
    Changes {
        #[command(flatten)]
        case: InCase,
        /// The earlier crawl.
        before: String,
        /// The later crawl.
        now: String,
    },
    /// Crawl again and again. Nothing runs by itself: `run-due` carries out what is due.
    Schedule {
        /// How often: 30m, 6h, 1d.
        #[arg(long, value_name = "PERIOD")]
        every: String,
        /// Until when: the end of a day, such as 2026-12-31, in the zone of the case, or a time such as 2026-12-31T00:00:00Z.
        #[arg(long, value_name = "TIME")]
        until: String,
        #[command(flatten)]
        crawl: Box<CrawlArgs>,
    },
    /// Carry out the schedules of the case that are due, in your session. For cron or a timer.
    RunDue {
        #[command(flatten)]
        case: InCase,
    },
    /// Whether this machine can collect, and what to do if it cannot. Ends with 0 or 3.
    Doctor,
}

#[derive(Debug, Args)]
pub struct CrawlArgs {
    #[command(flatten)]
    pub case: InCase,
    /// Where it begins.
    #[arg(required = true)]
    pub urls: Vec<String>,
    /// Further hosts that links may lead to, with the port if it is not the usual one; those of the addresses are in.
    #[arg(long = "host", value_name = "HOST[:PORT]")]
    pub hosts: Vec<String>,
    /// How many links away from the beginning.
    #[arg(long, default_value_t = 3)]
    pub depth: u32,
    /// Most pages.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub pages: u64,
    /// Most bytes in all.
    #[arg(long, default_value_t = 1 << 30, value_parser = clap::value_parser!(u64).range(..=MOST_BYTES))]
    pub bytes: u64,
    /// Most bytes of one page.
    #[arg(long, default_value_t = 16 << 20, value_parser = clap::value_parser!(u64).range(1..=MOST_BYTES))]
    pub page_bytes: u64,
    /// Only paths that begin so.
    #[arg(long, value_name = "PATH")]
    pub inside: Vec<String>,
    /// No paths that begin so.
    #[arg(long, value_name = "PATH")]
    pub outside: Vec<String>,
    /// Obey robots.txt (one of the two must be written). A host whose file cannot be had is then left out.
    #[arg(long, conflicts_with = "ignore_robots")]
    pub respect_robots: bool,
    /// Do not ask for robots.txt, for this reason.
    #[arg(long, value_name = "REASON", value_parser = words)]
    pub ignore_robots: Option<String>,
    /// Pause between two requests to one host, in milliseconds.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(..=LONGEST_MS))]
    pub pause_ms: u64,
    /// Query parameters that are taken away, such as `sid` or `utm_*`.
    #[arg(long, value_name = "NAME")]
    pub without: Vec<String>,
    /// Most pages whose addresses look alike (traps such as calendars).
    #[arg(long, default_value_t = 200)]
    pub per_pattern: u32,
    /// Most pages of one round: one order, one exhibit.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    pub round: u32,
    /// Class of the source.
    #[arg(long, default_value = "open", value_parser = source_class())]
    pub source: String,
    #[command(flatten)]
    pub concerns: Concerns,
    /// The way to the pages: loopback; tor (onion services, from behind walls, after a leak check); tor-exit (the open net
    /// through Tor, from behind the same walls); proxy:NAME (a proxy that an administrator named, the same walls).
    #[arg(long, default_value = "loopback", value_parser = way, value_name = "WAY")]
    pub through: String,
    /// As a persona that you have checked out: its number or name. Its cookies are sent with each round, and withheld from
    /// what is kept. Addresses that look as if they log it out are left out.
    #[arg(long, value_parser = words)]
    pub persona: Option<String>,
    /// On a training node: the private Tor network in place of the public one.
    #[arg(long, value_name = "FILE")]
    pub tor_network: Option<PathBuf>,
    /// One line: what is crawled and why.
    #[arg(long, default_value = "")]
    pub description: String,
    /// Longest wait for one response, in milliseconds.
    #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(..=LONGEST_MS))]
    pub timeout_ms: u64,
}
