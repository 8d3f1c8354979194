//! Asking witnesses: one child a question, which connects to one address and to nothing else. It gets the
//! address, this node's certificate and key, and the question on standard input, and has no case and no
//! database. Where the kernel has Landlock, it opens no file and reaches no other port. The conversation itself (C2SP tlog-witness) is led by the parent, and `desk` judges each word.

use std::{
    io::{Read, Write},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use desk::{
    Desk, DeskError, Session,
    witness::{self, CosignedView, Link, OnlineWitness},
};
use landlock::{ABI, Access, AccessFs, AccessNet, NetPort, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError};
use ledger::SignedCheckpoint;
use model::Law;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    http::{Answer, Request},
    link,
};

/// The hidden argument that starts the child.
const CHILD: &str = "__witness";
/// Most bytes of an order or of an answer between parent and child.
const MOST: u64 = 1 << 20;
/// Longest conversation with one witness.
const ROUNDS: usize = 4;
/// How C2SP names an answer that says where the witness stands.
const SIZE: &str = "text/x.tlog.size";

#[derive(Serialize, Deserialize)]
struct Order {
    place: SocketAddr,
    certificate: String,
    key: String,
    peer: String,
    method: String,
    path: String,
    body: String,
}

#[derive(Serialize, Deserialize)]
struct Reply {
    status: u16,
    kind: String,
    body: String,
}

/// Entry of the child.
pub fn child_main() -> i32 {
    match exchange() {
        Ok(()) => 0,
        Err(text) => {
            crate::output::complain(text);
            3
        }
    }
}

fn exchange() -> Result<(), String> {
    let mut input = Vec::new();
    std::io::stdin().take(MOST).read_to_end(&mut input).map_err(|e| e.to_string())?;
    let order: Order = serde_json::from_slice(&input).map_err(|e| format!("not an order: {e}"))?;
    // A kernel without Landlock leaves the other limits: an own process, one certificate, one address.
    let _ = enter_cage(order.place.port());
    let decode = |text: &str| STANDARD.decode(text).map_err(|e| format!("not an order: {e}"));
    let mut stream = link::connect(order.place, &decode(&order.certificate)?, &decode(&order.key)?, decode(&order.peer)?)?;
    let request = Request { method: order.method, path: order.path, body: decode(&order.body)? };
    request.write(&order.place.to_string(), &mut stream).map_err(|e| e.to_string())?;
    let answer = Answer::read(&mut stream)?;
    let reply = Reply { status: answer.status, kind: answer.kind, body: STANDARD.encode(&answer.body) };
    let bytes = serde_json::to_vec(&reply).map_err(|e| e.to_string())?;
    std::io::stdout().write_all(&bytes).map_err(|e| e.to_string())
}

/// Landlock, ABI 4 (Linux 6.7): no file at all, and TCP connections to one port.
fn enter_cage(port: u16) -> Result<(), RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V4))?
        .handle_access(AccessNet::from_all(ABI::V4))?
        .create()?
        .add_rule(NetPort::new(port, AccessNet::ConnectTcp))?
        .restrict_self()
        .map(|_| ())
}

fn ask(exe: &Path, own: &Link, to: &OnlineWitness, method: &str, path: &str, body: &str) -> Result<Answer, DeskError> {
    let order = Order {
        place: to.place,
        certificate: STANDARD.encode(&own.certificate),
        key: STANDARD.encode(&own.key[..]),
        peer: STANDARD.encode(&to.certificate),
        method: method.into(),
        path: format!("{}{path}", to.prefix),
        body: STANDARD.encode(body),
    };
    let bytes = serde_json::to_vec(&order).map_err(|e| DeskError::input(e.to_string()))?;
    let trouble = |e: &std::io::Error| DeskError::environment(format!("asking the witness {}", model::quoted(&to.name)), e);
    let mut child = Command::new(exe)
        .arg(CHILD)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| trouble(&e))?;
    child.stdin.take().expect("stdin was asked to be a pipe").write_all(&bytes).map_err(|e| trouble(&e))?;
    let output = child.wait_with_output().map_err(|e| trouble(&e))?;
    if !output.status.success() {
        let cause = format!("{}; repeat the step later, or carry a file (`log witness request`)", String::from_utf8_lossy(&output.stderr).trim());
        return Err(DeskError::Environment { attempt: format!("asking the witness {}", model::quoted(&to.name)), cause });
    }
    let reply: Reply = serde_json::from_slice(&output.stdout).map_err(|e| DeskError::input(e.to_string()))?;
    let body = STANDARD.decode(&reply.body).map_err(|e| DeskError::input(e.to_string()))?;
    Ok(Answer { status: reply.status, kind: reply.kind, body })
}

/// What came of asking one witness: for the person.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// The witness.
    pub witness: String,
    /// Number of events that it has cosigned now.
    pub events: Option<u64>,
    /// What went wrong.
    pub problem: Option<String>,
    /// The law that was broken, where one was.
    pub law: Option<u8>,
}

/// Asks every witness with an address (or one) to cosign the log as it stands; all get the same checkpoint.
///
/// # Errors
/// Law 3 when this log is known to be split or cut; what one witness answers stands in its line.
pub fn ask_all(desk: &Desk, session: &Session, only: Option<&str>) -> Result<Vec<Asked>, DeskError> {
    let witnesses = witness::online(desk, only)?;
    if witnesses.is_empty() {
        return Ok(vec![]);
    }
    let own = witness::link(desk)?;
    let names: Vec<&str> = witnesses.iter().map(|one| one.name.as_str()).collect();
    let note = witness::begin(desk, session, &names.join(", "))?;
    let talk = |to: &OnlineWitness| match talk(desk, session, &own, to, &note) {
        Ok(view) => Asked { witness: to.name.clone(), events: Some(view.events), problem: None, law: None },
        Err(error) => Asked { witness: to.name.clone(), events: None, problem: Some(error.to_string()), law: error.law().map(Law::number) },
    };
    Ok(witnesses.iter().map(talk).collect())
}

fn talk(desk: &Desk, session: &Session, own: &Link, to: &OnlineWitness, note: &SignedCheckpoint) -> Result<CosignedView, DeskError> {
    let (size, mut old) = (note.claimed().size.0, to.events);
    for _ in 0..ROUNDS {
        let request = witness::growth(desk, old, note)?.to_text();
        let answer = ask(desk.exe(), own, to, "POST", "/add-checkpoint", &request)?;
        match (answer.status, answer.kind.as_str()) {
            (200, _) => return witness::accept_line(desk, session, note, &text(&answer), &to.key),
            (409, SIZE) => old = stands_at(&answer)?,
            (409 | 422, _) => return Err(contradicted(desk, session, own, to, old)?),
            _ => return Err(refused(to, &answer)),
        }
        if old > size {
            let newest = newest(desk, own, to)?;
            witness::compare(desk, session, newest.as_bytes())?;
            return Err(DeskError::input(format!("the witness {} says {old} events, and its own checkpoint shows fewer: tell its people", model::quoted(&to.name))));
        }
    }
    Err(DeskError::input(format!("the witness {} gave no steady answer: try again", model::quoted(&to.name))))
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

fn stands_at(answer: &Answer) -> Result<u64, DeskError> {
    text(answer).trim_end_matches('\n').parse().map_err(|_| DeskError::input("the witness said no number of events"))
}

fn newest(desk: &Desk, own: &Link, to: &OnlineWitness) -> Result<String, DeskError> {
    let answer = ask(desk.exe(), own, to, "GET", "/newest-checkpoint", "")?;
    if answer.status == 200 { Ok(text(&answer)) } else { Err(refused(to, &answer)) }
}

/// The witness cannot follow this log. Whether its checkpoint and this log contradict each other is seen
/// here, too: both sides then keep both. The witness is shown this log's own checkpoint of that size, since
/// a proof from a power of two shows it none.
fn contradicted(desk: &Desk, session: &Session, own: &Link, to: &OnlineWitness, old: u64) -> Result<DeskError, DeskError> {
    let newest = newest(desk, own, to)?;
    let compared = witness::compare(desk, session, newest.as_bytes());
    if compared.as_ref().is_err_and(|error| error.law() == Some(Law::AppendOnly)) && old > 0 {
        ask(desk.exe(), own, to, "POST", "/add-checkpoint", &witness::one_size(desk, old)?.to_text())?;
    }
    compared.map(|_| DeskError::refused(Law::AppendOnly, format!("the witness {} says that this log showed two histories; ask it for the proof (`log witness splits` there)", model::quoted(&to.name))))
}

fn refused(to: &OnlineWitness, answer: &Answer) -> DeskError {
    let said: Value = json!(text(answer).trim().chars().take(300).collect::<String>());
    DeskError::refused(Law::Checkpoint, format!("the witness {} did not cosign (status {}): {said}", model::quoted(&to.name), answer.status))
}
