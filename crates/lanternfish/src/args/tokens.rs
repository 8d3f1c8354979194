//! Tokens for programs. As typed; nothing is decided here.

use clap::Subcommand;

use super::{InCase, words};

#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Make a token for a program: for one case, one authority, one purpose and the steps that you name. It is shown once, acts
    /// as you within these bounds, and ends with your session.
    Make {
        #[command(flatten)]
        case: InCase,
        /// The authority under which it acts: live, and of this case.
        #[arg(long, value_parser = words)]
        authority: String,
        /// What for; each of its questions is asked for this, and the log says so.
        #[arg(long, value_parser = words)]
        purpose: String,
        /// A step that it may take, such as exhibit/list (`token steps` lists them); may be given several times.
        #[arg(long, required = true, value_parser = words)]
        step: Vec<String>,
        /// After how many hours it ends, if your session does not end before.
        #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=i64::from(model::token::LONGEST_HOURS)))]
        hours: u16,
    },
    /// Your open tokens; never what opens them.
    List,
    /// End one of your tokens now.
    End {
        /// Which, as `token list` names it.
        token: String,
    },
    /// The steps that may be given to a token; all others are for people.
    Steps,
}
