//! Watches and alerts. As typed; nothing is decided here.

use clap::Subcommand;

use super::{InCase, words};

#[derive(Debug, Subcommand)]
pub enum WatchVerb {
    /// Look for words in everything that is examined from now on; written as for `lanternfish search`.
    Words {
        #[command(flatten)]
        case: InCase,
        /// What to look for.
        question: String,
        /// What you watch for, for the log.
        #[arg(long, value_parser = words)]
        purpose: String,
    },
    /// Look for one selector: an address, a name, a number.
    Selector {
        #[command(flatten)]
        case: InCase,
        /// Its value, in any letter case.
        value: String,
        /// What you watch for, for the log.
        #[arg(long, value_parser = words)]
        purpose: String,
    },
    /// Look for a regular expression in the words (at most 1,000 bytes; no back references, no look-around).
    Pattern {
        #[command(flatten)]
        case: InCase,
        /// The expression.
        pattern: String,
        /// What you watch for, for the log.
        #[arg(long, value_parser = words)]
        purpose: String,
    },
    /// Every watch of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// End a watch.
    End {
        #[command(flatten)]
        case: InCase,
        /// The watch, such as W-0001.
        watch: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Look for a watch in what was examined before it was set.
    Hunt {
        #[command(flatten)]
        case: InCase,
        /// The watch, such as W-0001.
        watch: String,
        /// What you hunt for, for the log.
        #[arg(long, value_parser = words)]
        purpose: String,
    },
    /// Every alert, the newest first.
    Alerts {
        #[command(flatten)]
        case: InCase,
    },
    /// Write down that you looked at an alert, and what you make of it. Nothing else follows from an alert.
    Seen {
        #[command(flatten)]
        case: InCase,
        /// The alert, such as A-0001.
        alert: String,
        /// What you make of it.
        #[arg(long, value_parser = words)]
        words: String,
    },
}
