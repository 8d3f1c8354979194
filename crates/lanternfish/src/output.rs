//! What a verb prints: one JSON value a line on standard output, or lines for a person; messages
//! always on standard error. Exit codes: 0 done, 1 refused by a law, 2 bad input, 3 environment.
//!
//! A reader who goes away (`… | head -1`) is no fault: the program ends quietly, as others do.

use std::{cell::RefCell, fmt::Display, io::Write, sync::Arc};

use desk::DeskError;
use serde::Serialize;
use serde_json::Value;

/// What a shell sees of a program whose reader has gone away: 128 and the number of SIGPIPE.
const READER_GONE: i32 = 141;

/// How a verb speaks.
#[derive(Debug, Clone, Copy)]
pub struct Voice {
    /// One JSON value a line.
    pub json: bool,
}

/// Says how far long work is: when it has moved on, and not too often.
#[derive(Debug, Default)]
pub struct Pace {
    last: Option<(std::time::Instant, u64)>,
}

impl Pace {
    /// The shortest time between two lines.
    const EVERY: std::time::Duration = std::time::Duration::from_secs(3);

    /// Says it, if there is something new to say.
    pub fn tell(&mut self, voice: Voice, under: &desk::capture::Underway, line: impl FnOnce() -> String) {
        let moved = under.bytes + under.pages + under.failed + under.circuits.unwrap_or(0);
        if moved == 0 || self.last.is_some_and(|(said, before)| said.elapsed() < Pace::EVERY || before == moved) {
            return;
        }
        self.last = Some((std::time::Instant::now(), moved));
        voice.note(line());
    }
}

impl Voice {
    /// Prints one value: as a JSON line, or as `name: value` lines.
    pub fn say(self, value: &impl Serialize) {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        if self.json {
            print(&value);
            return;
        }
        print_lines(&value, 0);
    }

    /// Prints each value of a list, or a sentence when there is none.
    pub fn say_all<T: Serialize>(self, values: &[T], nothing: &str) {
        for value in values {
            self.say(value);
            if !self.json {
                print("");
            }
        }
        if values.is_empty() {
            self.note(nothing);
        }
    }

    /// Prints one value: whole as a JSON line, or the few lines that a person needs of it.
    pub fn tell(self, value: &impl Serialize, lines: impl FnOnce() -> Vec<String>) {
        if self.json { self.say(value) } else { lines().iter().for_each(print) }
    }

    /// The same of a list, or a sentence when there is none.
    pub fn tell_all<T: Serialize>(self, values: &[T], lines: impl FnOnce() -> Vec<String>, nothing: &str) {
        match (values.is_empty(), self.json) {
            (true, _) => self.note(nothing),
            (_, true) => values.iter().for_each(|value| self.say(value)),
            _ => lines().iter().for_each(print),
        }
    }

    /// Lines for a person only: a program reads them in the value that was said.
    pub fn aside(self, lines: impl Iterator<Item = String>) {
        if !self.json {
            lines.for_each(print);
        }
    }

    /// Each value of a list as [`Voice::say_all`] prints it, with times in this zone for a person.
    pub fn say_all_in<T: Serialize>(self, zone: &str, values: &[T], nothing: &str) {
        if self.json {
            return self.say_all(values, nothing);
        }
        let told: Vec<Value> = values.iter().map(|value| in_zone(serde_json::to_value(value).unwrap_or(Value::Null), zone)).collect();
        self.say_all(&told, nothing);
    }

    /// A message for the person; never on standard output.
    pub fn note(self, text: impl Display) {
        complain(text);
    }
}

/// Prints one line on standard output.
pub fn print(text: impl Display) {
    print_bytes(format!("{text}\n").as_bytes());
}

thread_local! {
    /// Who hears what this thread says, in place of the terminal: a page of the workspace.
    static LISTENER: RefCell<Option<Arc<dyn web::Listener>>> = const { RefCell::new(None) };
}

/// Does something on this thread while somebody else than the terminal hears it.
pub fn heard_by<T>(listener: Arc<dyn web::Listener>, done: impl FnOnce() -> T) -> T {
    /// Nobody hears the next thing on this thread by mistake, also when this one falls.
    struct Ended;
    impl Drop for Ended {
        fn drop(&mut self) {
            LISTENER.set(None);
        }
    }
    LISTENER.set(Some(listener));
    let _ended = Ended;
    done()
}

/// Who hears this thread, if it is not the terminal.
pub fn listener() -> Option<Arc<dyn web::Listener>> {
    LISTENER.with_borrow(Clone::clone)
}

/// Prints bytes as they are on standard output.
pub fn print_bytes(bytes: &[u8]) {
    if let Some(listener) = listener() {
        return listener.answer(bytes);
    }
    let mut out = Pipe(std::io::stdout().lock());
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
        complain(format!("lanternfish: writing the answer: {error}"));
    }
}

/// One line on standard error. When nobody reads that either, there is nobody to tell.
pub fn complain(text: impl Display) {
    if let Some(listener) = listener() {
        return listener.note(&text.to_string());
    }
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A way out whose reader may go away: then the program ends at once, without a word. What it had to do
/// is done by then: nothing is printed before it is committed.
pub struct Pipe<W>(pub W);

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        ended(self.0.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        ended(self.0.flush())
    }
}

fn ended<T>(done: std::io::Result<T>) -> std::io::Result<T> {
    if done.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        std::process::exit(READER_GONE);
    }
    done
}

/// The same value with each time in words of this zone.
fn in_zone(value: Value, zone: &str) -> Value {
    match value {
        Value::String(text) => match text.parse::<model::Moment>() {
            Ok(moment) if text.ends_with('Z') => Value::String(moment.in_words(zone)),
            _ => Value::String(text),
        },
        Value::Array(items) => items.into_iter().map(|item| in_zone(item, zone)).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, in_zone(value, zone))).collect(),
        other => other,
    }
}

fn print_lines(value: &Value, depth: usize) {
    let margin = "  ".repeat(depth);
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(_, value)| !is_empty(value)) {
                match value {
                    Value::Object(_) | Value::Array(_) if !is_flat(value) => {
                        print(format!("{margin}{name}:"));
                        print_lines(value, depth + 1);
                    }
                    value => print(format!("{margin}{name}: {}", inline(value))),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Object(_) => {
                        print(format!("{margin}-"));
                        print_lines(item, depth + 1);
                    }
                    item => print(format!("{margin}- {}", inline(item))),
                }
            }
        }
        value => print(format!("{margin}{}", inline(value))),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn is_flat(value: &Value) -> bool {
    matches!(value, Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()))
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(inline).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Prints an error and gives the exit code.
pub fn failed(error: &DeskError, json: bool) -> i32 {
    if json {
        let text = error.to_string();
        print(serde_json::json!({"error": text, "law": error.law().map(|law| law.number()), "code": web::reason_code(&text), "exit": error.exit_code()}));
    }
    complain(format!("lanternfish: {error}"));
    i32::from(error.exit_code())
}
