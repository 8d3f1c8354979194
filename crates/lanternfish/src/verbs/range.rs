//! `range`: starts and ends synthetic worlds, writes planted pages and scores what was found on them. It opens no
//! home and touches no case.

use std::{io::Read, path::Path};

use ::range::{
    pages::{self, PagesError, Written, score},
    tor::{self, Plan, RangeError, Status, Stay, Web},
};
use desk::DeskError;

use super::{Done, program};
use crate::{
    args::{PagesArgs, RangeTorVerb, RangeVerb, ScoreArgs},
    output::Voice,
};

pub(super) fn run(verb: RangeVerb, voice: Voice) -> Done {
    match verb {
        RangeVerb::Tor(verb) => network(verb, voice),
        RangeVerb::Pages(asked) => write_pages(&asked, voice),
        RangeVerb::Score(asked) => score_found(&asked, voice),
    }
}

fn write_pages(asked: &PagesArgs, voice: Voice) -> Done {
    let seed = asked.seed.map_or_else(pages::drawn_seed, Ok).map_err(|e| DeskError::environment("drawing a seed", &e))?;
    let written = pages::write(seed, asked.pages as usize, &asked.out).map_err(|error| match error {
        PagesError::NotEmpty(_) => DeskError::input(error.to_string()),
        PagesError::Writing(path, cause) => DeskError::environment(format!("writing {}", path.display()), &cause),
    })?;
    voice.tell(&written, || pages_in_short(&written));
    Ok(0)
}

fn pages_in_short(written: &Written) -> Vec<String> {
    let (folder, truth) = (written.folder.display(), written.truth.display());
    vec![
        format!(
            "{} pages of seed {} (SYNTHETIC, edition {}): {} selectors to find, {} listings, {} decoys",
            written.pages, written.seed, written.edition, written.selectors, written.listings, written.decoys
        ),
        "score a scanner on them:".into(),
        format!("  lanternfish scan '{folder}' --json | lanternfish range score --truth '{truth}' --found -"),
    ]
}

fn score_found(asked: &ScoreArgs, voice: Voice) -> Done {
    let (truth, found) = (text_of(&asked.truth)?, text_of(&asked.found)?);
    let without = score::Without {
        styles: asked.without_style.iter().cloned().collect(),
        files: asked.without_file.iter().cloned().collect(),
    };
    let mut score = score::score(&truth, &found, &without).map_err(|e| DeskError::input(e.to_string()))?;
    let examples = if asked.misses { score.example_lines() } else { Vec::new() };
    if !asked.misses {
        score.examples.clear();
    }
    voice.tell(&score, || score.tables().into_iter().chain(examples).collect());
    Ok(0)
}

/// A file, or standard input for `-`.
fn text_of(path: &Path) -> Result<String, DeskError> {
    let failed = |e: std::io::Error| DeskError::input(format!("{}: {e}", path.display()));
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map_err(failed)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(failed)
}

fn network(verb: RangeTorVerb, voice: Voice) -> Done {
    let status = match verb {
        RangeTorVerb::Up { network, relays, web, exit } => {
            let web = match web {
                Some(port) => Web::Port(port),
                None => Web::Program(vec![program()?.into(), "market".into(), "--listen".into()]),
            };
            let mut last = None;
            let told = |ready, all| {
                if last.replace(ready) != Some(ready) {
                    voice.note(format!("{ready} of {all} nodes are ready"));
                }
            };
            let names = exit.then(program).transpose()?.map(|program| vec![program.into(), "__names".into()]);
            tor::up(&network.dir, &Plan { relays, web, names }, Stay::UntilDown, told).map_err(trouble)?
        }
        RangeTorVerb::Down { network } => tor::down(&network.dir).map_err(trouble)?,
        RangeTorVerb::Status { network } => tor::status(&network.dir).map_err(trouble)?,
    };
    voice.tell(&status, || in_short(&status));
    Ok(0)
}

/// The resolver of a private network's exit, a program of its own. Exit code 3: it cannot listen there.
pub(super) fn names() -> i32 {
    let at = std::env::args().nth(2).and_then(|address| address.parse().ok());
    match at.map(tor::names::serve) {
        Some(Ok(())) => 0,
        Some(Err(_)) => 3,
        None => 2,
    }
}

fn trouble(error: RangeError) -> DeskError {
    match error {
        RangeError::NoNetwork(_) | RangeError::StrangePath(_) => DeskError::input(error.to_string()),
        other => DeskError::Environment { attempt: "the private Tor network".into(), cause: other.to_string() },
    }
}

fn in_short(status: &Status) -> Vec<String> {
    let running = status.nodes.iter().filter(|node| node.running).count();
    let mut lines = vec![format!("{running} of {} nodes run in {} (SYNTHETIC, on loopback only)", status.nodes.len(), status.folder.display())];
    if let Some(onion) = status.onion.as_ref().filter(|_| running > 0) {
        lines.push(format!("onion service: http://{onion}/"));
        lines.push("capture it, on a training node and in a case with an authority for the source synthetic:".into());
        lines.push(format!("  lanternfish capture --case CASE --source synthetic --through tor --tor-network '{}' http://{onion}/", status.client.display()));
    }
    if let Some(open) = status.open.as_ref().filter(|_| running > 0) {
        lines.push(format!("its open net: {open}"));
        lines.push(format!("  lanternfish capture --case CASE --source synthetic --through tor-exit --tor-network '{}' {open}", status.client.display()));
    }
    lines
}
