//! The pipe between collector and browser: JSON with a zero byte at the end, on descriptors 0 (what the browser says)
//! and 1 (what it is told). Short waits only, so that the lease is looked at while the browser says nothing or does
//! not listen; of a message beyond the bound nothing is kept, and what follows it is heard.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use serde_json::Value;

/// Longest message, in bytes: a picture of a long page is some megabytes.
pub(super) const MOST: usize = 96 << 20;

/// What came.
pub(super) enum Heard {
    Message(Box<Value>),
    Nothing,
    /// The end of a message beyond the bound.
    TooLong,
    /// The browser is gone.
    Gone,
}

/// The collector's ends.
pub(super) struct Pipe {
    from: OwnedFd,
    /// None once it is closed.
    to: Option<OwnedFd>,
    held: Vec<u8>,
    /// Up to where `held` was searched for an end.
    searched: usize,
    /// A message beyond the bound is under way.
    skips: bool,
}

impl Pipe {
    /// Takes descriptors 0 and 1, on which nobody else in this process hears or speaks from then on.
    ///
    /// # Errors
    /// When they cannot be made not to wait.
    #[expect(unsafe_code, reason = "no safe form takes the standard descriptors over")]
    pub(super) fn standard() -> io::Result<Pipe> {
        // SAFETY: the start message was read and standard output is never used: nobody else owns them.
        let (from, to) = unsafe { (OwnedFd::from_raw_fd(0), OwnedFd::from_raw_fd(1)) };
        fcntl_setfl(&from, OFlags::NONBLOCK)?;
        fcntl_setfl(&to, OFlags::NONBLOCK)?;
        Ok(Pipe { from, to: Some(to), held: vec![], searched: 0, skips: false })
    }

    /// Says nothing more: the launcher ends the browser.
    pub(super) fn close(&mut self) {
        self.to = None;
    }

    /// Whether it was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.to.is_none()
    }

    /// Sends a message; asks `goes_on` while the browser does not listen. False when it will never listen.
    pub(super) fn say(&mut self, message: &Value, mut goes_on: impl FnMut() -> bool) -> bool {
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let Some(to) = &self.to else { return false };
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match rustix::io::write(to, rest) {
                Ok(written) => rest = &rest[written..],
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) if goes_on() => wait(to.as_fd(), PollFlags::OUT, Duration::from_millis(100)),
                Err(_) => return false,
            }
        }
        true
    }

    /// Hears the next message, waiting for at most this long.
    pub(super) fn hear(&mut self, most: Duration) -> Heard {
        if let Some(heard) = self.next() {
            return heard;
        }
        wait(self.from.as_fd(), PollFlags::IN, most);
        let (mut buffer, mut taken) = (vec![0; 256 << 10], 0);
        // Who speaks without end is heard no longer than one message: the lease is looked at in between.
        while taken <= MOST {
            match rustix::io::read(&self.from, &mut buffer) {
                Ok(0) => return Heard::Gone,
                Ok(read) => {
                    taken += read;
                    self.held.extend_from_slice(&buffer[..read]);
                }
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::AGAIN) => return Heard::Nothing,
                Err(_) => return Heard::Gone,
            }
            if let Some(heard) = self.next() {
                return heard;
            }
            if self.skips || self.held.len() > MOST {
                (self.held, self.searched, self.skips) = (vec![], 0, true);
            }
        }
        Heard::Nothing
    }

    fn next(&mut self) -> Option<Heard> {
        let end = self.held[self.searched..].iter().position(|byte| *byte == 0).map(|place| self.searched + place);
        let Some(end) = end else {
            self.searched = self.held.len();
            return None;
        };
        // What is no message says nothing.
        let read = (!self.skips).then(|| serde_json::from_slice(&self.held[..end]).unwrap_or(Value::Null));
        self.held.drain(..=end);
        (self.searched, self.skips) = (0, false);
        Some(read.map_or(Heard::TooLong, |read| Heard::Message(Box::new(read))))
    }
}

fn wait(on: BorrowedFd<'_>, for_what: PollFlags, most: Duration) {
    let most = Timespec { tv_sec: i64::try_from(most.as_secs()).unwrap_or(1), tv_nsec: i64::from(most.subsec_nanos()) };
    // An interrupted wait is a short one.
    let _ = poll(&mut [PollFd::from_borrowed_fd(on, for_what)], Some(&most));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use std::io::Write;

    use super::*;

    fn pipe() -> (Pipe, io::PipeWriter) {
        let (from, theirs) = io::pipe().unwrap();
        let from = OwnedFd::from(from);
        fcntl_setfl(&from, OFlags::NONBLOCK).unwrap();
        (Pipe { from, to: None, held: vec![], searched: 0, skips: false }, theirs)
    }

    #[test]
    fn what_follows_a_message_without_end_is_heard() {
        let (mut pipe, mut theirs) = pipe();
        let speaker = std::thread::spawn(move || {
            theirs.write_all(b"{\"first\":1}\0").unwrap();
            let piece = vec![b'&'; 1 << 20];
            (0..100).for_each(|_| theirs.write_all(&piece).unwrap());
            // So the launcher speaks when the browser ended in the middle of a word.
            theirs.write_all(b"\0{\"over\":2}\0").unwrap();
        });
        let (mut heard, mut held) = (vec![], 0);
        loop {
            held = held.max(pipe.held.len());
            match pipe.hear(Duration::from_millis(100)) {
                Heard::Message(message) => heard.push(message.to_string()),
                Heard::TooLong => heard.push("too long".into()),
                Heard::Nothing => {}
                Heard::Gone => break,
            }
        }
        speaker.join().unwrap();
        assert_eq!(heard, ["{\"first\":1}", "too long", "{\"over\":2}"]);
        assert!(held <= MOST + (1 << 20));
    }
}
