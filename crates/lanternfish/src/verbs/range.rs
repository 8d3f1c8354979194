//! `range`: starts and ends synthetic worlds. It opens no home and touches no case.

use ::range::tor::{self, Plan, RangeError, Status, Stay, Web};
use desk::DeskError;

use super::{Done, program};
use crate::{
    args::{RangeTorVerb, RangeVerb},
    output::Voice,
};

pub(super) fn run(verb: RangeVerb, voice: Voice) -> Done {
    let RangeVerb::Tor(verb) = verb;
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
