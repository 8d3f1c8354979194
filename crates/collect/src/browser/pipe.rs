//! The pipe between collector and browser: JSON with a zero byte at the end, on descriptors 0 (what the browser says)
//! and 1 (what it is told). Short waits only, so that the lease is looked at while the browser says nothing or does
//! not listen; a message beyond the bound ends the session.

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
    /// The browser is gone, or speaks without end.
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
        Ok(Pipe { from, to: Some(to), held: vec![], searched: 0 })
    }

    /// Says nothing more: the launcher ends the browser.
    pub(super) fn close(&mut self) {
        self.to = None;
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
        let mut buffer = vec![0; 256 << 10];
        loop {
            match rustix::io::read(&self.from, &mut buffer) {
                Ok(0) => return Heard::Gone,
                Ok(read) => self.held.extend_from_slice(&buffer[..read]),
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::AGAIN) => return Heard::Nothing,
                Err(_) => return Heard::Gone,
            }
            if let Some(heard) = self.next() {
                return heard;
            }
            if self.held.len() > MOST {
                return Heard::Gone;
            }
        }
    }

    fn next(&mut self) -> Option<Heard> {
        let end = self.held[self.searched..].iter().position(|byte| *byte == 0).map(|place| self.searched + place);
        let Some(end) = end else {
            self.searched = self.held.len();
            return None;
        };
        // What is no message says nothing.
        let read = serde_json::from_slice(&self.held[..end]).unwrap_or(Value::Null);
        self.held.drain(..=end);
        self.searched = 0;
        Some(Heard::Message(Box::new(read)))
    }
}

fn wait(on: BorrowedFd<'_>, for_what: PollFlags, most: Duration) {
    let most = Timespec { tv_sec: i64::try_from(most.as_secs()).unwrap_or(1), tv_nsec: i64::from(most.subsec_nanos()) };
    // An interrupted wait is a short one.
    let _ = poll(&mut [PollFd::from_borrowed_fd(on, for_what)], Some(&most));
}
