//! A step as a stream of events (text/event-stream): each message while the step is taken, its answer at the end.
//!
//! Whoever asks for it hears what a terminal would print, line by line; it says no more than the answer without a stream
//! does. The step goes on when the line breaks: what was begun is not undone by a lost connection.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::response::{IntoResponse, Response, Sse, sse::Event};
use futures_core::Stream;
use serde_json::Value;
use tokio::{task::JoinHandle, time::Interval};

use crate::house::{Heard, Refusal};

/// How often it is looked for new messages.
const LOOK: Duration = Duration::from_millis(100);

/// Says how a step ended: the name of the last event, and its value.
type End = Box<dyn Fn(&Heard, &Taken) -> (&'static str, Value) + Send>;

/// What became of a step, and of the session in which it was taken.
pub struct Taken {
    /// The exit code.
    pub exit: i32,
    /// Why its person may not hear the answer any more: his session has ended meanwhile.
    pub over: Option<Refusal>,
}

/// What is told of one step.
struct Telling {
    heard: Arc<Heard>,
    taken: JoinHandle<Taken>,
    tick: Interval,
    told: usize,
    ended: Option<Taken>,
    end: End,
    has_ended: bool,
}

impl Stream for Telling {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(note) = self.heard.note_at(self.told) {
                self.told += 1;
                return Poll::Ready(Some(Ok(event("note", &Value::String(note)))));
            }
            if self.has_ended {
                return Poll::Ready(None);
            }
            if let Some(taken) = self.ended.take() {
                self.has_ended = true;
                let (name, value) = (self.end)(&self.heard, &taken);
                return Poll::Ready(Some(Ok(event(name, &value))));
            }
            if let Poll::Ready(taken) = Pin::new(&mut self.taken).poll(context) {
                // What was said last is told before the end.
                self.ended = Some(taken.unwrap_or(Taken { exit: 3, over: None }));
                continue;
            }
            ready!(self.tick.poll_tick(context));
        }
    }
}

/// One event; its data is JSON, so that no line break of a stranger's words ends it.
fn event(name: &str, value: &Value) -> Event {
    Event::default().event(name).data(value.to_string())
}

/// The stream of a step that is being taken.
pub fn told(heard: Arc<Heard>, taken: JoinHandle<Taken>, end: impl Fn(&Heard, &Taken) -> (&'static str, Value) + Send + 'static) -> Response {
    Sse::new(Telling { heard, taken, tick: tokio::time::interval(LOOK), told: 0, ended: None, end: Box::new(end), has_ended: false }).into_response()
}
