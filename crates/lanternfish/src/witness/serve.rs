//! The node as a witness on the network: takes checkpoints of the logs that it watches, answers as C2SP
//! tlog-witness says, and does nothing else. It needs no session: whose keys count, a person has said.
//!
//! Before a byte of HTTP is read, the other side has proved to hold a certificate that was named here. At
//! most eight connections are open, each for at most twenty seconds. What an answer promises is durable
//! before it leaves (`desk::witness::cosign`).

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
};

use desk::{
    Desk, DeskError,
    witness::{self, Answer as Judged, Link},
};
use serde_json::json;

use super::{
    http::{Answer, Request},
    link,
};
use crate::output::{Voice, complain};

const MOST_AT_ONCE: usize = 8;

/// Serves until the process is ended.
pub fn serve(desk: &Desk, place: SocketAddr, voice: Voice) -> Result<(), DeskError> {
    let own = witness::link(desk)?;
    let listener = TcpListener::bind(place).map_err(|e| DeskError::environment(format!("listening on {place}"), &e))?;
    let place = listener.local_addr().map_err(|e| DeskError::environment("asking for the address", &e))?;
    voice.say(&json!({"listens": format!("https://{place}")}));
    let open = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for stream in listener.incoming().flatten() {
            let Some(seat) = Seat::take(&open) else { continue };
            let own = &own;
            scope.spawn(move || {
                if let Err(text) = one(desk, own, stream) {
                    voice.note(format!("a connection ended: {text}"));
                }
                drop(seat);
            });
        }
    });
    Ok(())
}

/// One of the few open connections, given back however it ends.
struct Seat<'a>(&'a AtomicUsize);

impl<'a> Seat<'a> {
    fn take(open: &'a AtomicUsize) -> Option<Seat<'a>> {
        let seat = Seat(open);
        (open.fetch_add(1, Ordering::SeqCst) < MOST_AT_ONCE).then_some(seat)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn one(desk: &Desk, own: &Link, stream: TcpStream) -> Result<(), String> {
    let peers = witness::peers(desk).map_err(|e| e.to_string())?;
    let config = link::server(&own.certificate, &own.key, peers)?;
    let (mut stream, peer) = link::accept(stream, config)?;
    let answer = match Request::read(&mut stream) {
        Ok(request) => answer(desk, &peer, &request),
        Err(text) => Answer::text(400, text),
    };
    answer.write(&mut stream).map_err(|e| e.to_string())?;
    stream.conn.send_close_notify();
    while stream.conn.wants_write() {
        stream.conn.write_tls(&mut stream.sock).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn answer(desk: &Desk, peer: &[u8], request: &Request) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/add-checkpoint") => match witness::cosign(desk, None, Some(peer), &request.body) {
            Ok(judged) => judged_answer(judged),
            Err(error) => failed(&error),
        },
        ("GET", "/newest-checkpoint") => match witness::newest_for(desk, peer) {
            Ok(Some(note)) => Answer::text(200, note),
            Ok(None) => Answer::text(404, "no checkpoint of this log was cosigned here yet\n"),
            Err(error) => failed(&error),
        },
        _ => Answer::text(404, "this witness takes POST /add-checkpoint and GET /newest-checkpoint\n"),
    }
}

/// What went wrong here is for this node's own people; the other side learns that it can ask again.
fn failed(error: &DeskError) -> Answer {
    complain(format_args!("lanternfish: {error}"));
    Answer::text(500, "the witness cannot answer now: ask again later\n")
}

/// The status codes of C2SP tlog-witness. A split is a conflict, too, but one without a size.
fn judged_answer(judged: Judged) -> Answer {
    match judged {
        Judged::Cosigned(line, _) => Answer::text(200, format!("{line}\n")),
        Judged::Elsewhere(size) => Answer { status: 409, kind: "text/x.tlog.size".into(), body: format!("{size}\n").into_bytes() },
        Judged::Split => {
            complain("lanternfish: A LOG THAT IS WATCHED HERE SHOWED TWO HISTORIES: see `lanternfish log witness splits`");
            Answer::text(409, "this log showed two histories: it is cosigned no more, and both signed checkpoints are kept\n")
        }
        Judged::Unknown => Answer::text(404, "this log is not watched here for your certificate\n"),
        Judged::NotSigned => Answer::text(403, "the checkpoint is not signed with the key of that log\n"),
        Judged::Worthless(text) => Answer::text(422, format!("{text}\n")),
        Judged::Malformed(text) => Answer::text(400, format!("{text}\n")),
    }
}
