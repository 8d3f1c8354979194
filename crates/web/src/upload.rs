//! A file on its way from a browser to a step: chunk after chunk, never on this machine's disk, never whole in memory.
//!
//! It ends only when the browser said that it ends. A line that breaks in the middle is a read that fails: half a file is
//! never taken for a whole one.

use std::{
    io::{Error, ErrorKind, Read},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    time::Duration,
};

/// How long a silent line keeps its reader waiting at one time.
const SILENCE: Duration = Duration::from_secs(1);

/// What is sent to the reader.
enum Piece {
    Bytes(Vec<u8>),
    End,
}

/// The end at which the browser's bytes come in.
pub struct Writer(SyncSender<Piece>);

/// The end at which a step reads.
pub struct Reader {
    pieces: Receiver<Piece>,
    present: Vec<u8>,
    at: usize,
    ended: bool,
}

/// Both ends; a few chunks fit between them.
pub fn pipe() -> (Writer, Reader) {
    let (sender, pieces) = sync_channel(16);
    (Writer(sender), Reader { pieces, present: Vec::new(), at: 0, ended: false })
}

impl Writer {
    /// Sends bytes on, and waits while the reader is behind. False when nobody reads any more.
    pub fn send(&self, bytes: Vec<u8>) -> bool {
        bytes.is_empty() || self.0.send(Piece::Bytes(bytes)).is_ok()
    }

    /// The browser said that this was all.
    pub fn end(self) {
        let _ = self.0.send(Piece::End);
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.present.len() && !self.ended {
            match self.pieces.recv_timeout(SILENCE) {
                Ok(Piece::Bytes(bytes)) => (self.present, self.at) = (bytes, 0),
                Ok(Piece::End) => self.ended = true,
                // The step asks meanwhile whether its authority still lives (law 15).
                Err(RecvTimeoutError::Timeout) => return Err(ErrorKind::Interrupted.into()),
                Err(RecvTimeoutError::Disconnected) => return Err(Error::new(ErrorKind::UnexpectedEof, "the upload broke off before its end: nothing was taken in; send the file again")),
            }
        }
        let taken = buffer.len().min(self.present.len() - self.at);
        buffer[..taken].copy_from_slice(&self.present[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_passes_piece_by_piece() {
        let (writer, mut reader) = pipe();
        let sender = std::thread::spawn(move || {
            for n in 0..100u8 {
                assert!(writer.send(vec![n; 1000]));
            }
            writer.end();
        });
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        sender.join().unwrap();
        assert_eq!((read.len(), read[99_999]), (100_000, 99));
    }

    #[test]
    fn an_upload_that_breaks_off_is_no_file() {
        let (writer, mut reader) = pipe();
        assert!(writer.send(b"half".to_vec()));
        drop(writer);
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn nobody_waits_for_a_reader_that_is_gone() {
        let (writer, reader) = pipe();
        drop(reader);
        assert!(!writer.send(b"more".to_vec()));
    }
}
