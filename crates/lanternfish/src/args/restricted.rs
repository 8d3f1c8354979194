//! Restricted items: the filter queue and supervised viewings. As typed; nothing is decided here.

use std::path::PathBuf;

use clap::{
    Subcommand,
    builder::{PossibleValue, PossibleValuesParser},
};

use super::{InCase, words};

/// What a released item may become. The stricter classes are not offered, and whoever types one hears the law of the house.
fn class_afterwards() -> PossibleValuesParser {
    let refused = ["privileged", "contraband"].map(|name| PossibleValue::new(name).hide(true));
    PossibleValuesParser::new(["ordinary", "personal-sensitive"].map(PossibleValue::new).into_iter().chain(refused))
}

#[derive(Debug, Subcommand)]
pub enum FilterVerb {
    /// The queue: every item that may be privileged, and what was decided. It shows no content.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// Open an item of the queue and write its bytes to a file (or `-`). Filter team only.
    View {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// What for.
        #[arg(long, value_parser = words)]
        purpose: String,
        /// Where to.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// The filter team says whether an item is privileged.
    #[command(group = clap::ArgGroup::new("word").required(true).args(["privileged", "not_privileged"]))]
    Propose {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// It is privileged.
        #[arg(long)]
        privileged: bool,
        /// It is not.
        #[arg(long)]
        not_privileged: bool,
        /// Why, without its content.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Note that the holder of the privilege was told, and until when he may object.
    Notify {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// Who holds the privilege, such as the lawyer or his client.
        #[arg(long, value_parser = words)]
        holder: String,
        /// How he was told: letter, register, by hand.
        #[arg(long, value_parser = words)]
        how: String,
        /// The last day on which he may object: YYYY-MM-DD, at least 14 days from now.
        #[arg(long, value_parser = words)]
        until: String,
    },
    /// Note that the holder objects. It stops every release until a court decides.
    Object {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// Who objects.
        #[arg(long, value_parser = words)]
        by: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// A supervisor or prosecutor releases an item that is not privileged, with all exhibits that have the same bytes.
    Release {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// A court's order that ends the holder's time or objection: recorded in the case, checked by a second person,
        /// with the action `filter` and `--selector` with the number of the exhibit.
        #[arg(long, value_name = "AUTHORITY")]
        decision: Option<String>,
        /// Its class afterwards: ordinary or personal-sensitive.
        #[arg(long, default_value = "ordinary", value_parser = class_afterwards())]
        class: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Keep an item as privileged for good. Nothing opens it afterwards but a supervised viewing.
    Keep {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum ViewingVerb {
    /// A supervisor or prosecutor permits one viewing of one restricted item to one person. The viewer is invited.
    Permit {
        #[command(flatten)]
        case: InCase,
        /// The exhibit.
        exhibit: String,
        /// Who views: a registered person.
        #[arg(long, value_parser = words)]
        viewer: String,
        /// Who is present and opens it in his own session: a member of the case.
        #[arg(long, value_parser = words)]
        supervisor: String,
        /// Where.
        #[arg(long, value_parser = words)]
        place: String,
        /// What for.
        #[arg(long, value_parser = words)]
        purpose: String,
        /// The last day or minute on which it may begin: YYYY-MM-DD or "YYYY-MM-DD HH:MM".
        #[arg(long, value_parser = words)]
        until: String,
    },
    /// Every viewing of the case.
    List {
        #[command(flatten)]
        case: InCase,
    },
    /// Your own invitations, and what was disclosed to you.
    Mine,
    /// The viewer signs, in his own session, that he is present now.
    Attend {
        /// The invitation, from `viewing mine`.
        viewing: String,
    },
    /// The supervising person opens the item, once, a few minutes after the viewer signed. The bytes go to standard
    /// output, into the pipe of a program that shows them; a file is refused.
    Open {
        #[command(flatten)]
        case: InCase,
        /// The viewing, such as V-0001.
        viewing: String,
    },
    /// The viewer signs, in his own session, what he was shown: shown, shown-in-part or not-shown.
    Confirm {
        /// The invitation, from `viewing mine`.
        viewing: String,
        /// What you were shown.
        #[arg(long, value_parser = ["shown", "shown-in-part", "not-shown"])]
        says: String,
    },
    /// Close the record: with what the viewer signed, or with the reason why he did not.
    Close {
        #[command(flatten)]
        case: InCase,
        /// The viewing, such as V-0001.
        viewing: String,
        /// Why the viewer did not sign.
        #[arg(long, value_parser = words)]
        reason: Option<String>,
    },
}
