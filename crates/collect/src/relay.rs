//! A proxy on a TCP port of this machine, offered to the walls as a Unix socket: the desk's side holds it while captures
//! run. Whoever comes is handed on byte by byte; nothing is read.
//!
//! It refuses every address but loopback: what leaves this machine leaves by the proxy, which somebody answers for.

use std::fs;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const RELAY: &str = "relay-";
const POLL: Duration = Duration::from_millis(20);
/// The longest wait for the proxy to take a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// A capture has one connection at a time, and the battery one more.
const MOST: usize = 16;

/// The relay; it ends with it.
#[derive(Debug)]
pub struct Relay {
    place: PathBuf,
    over: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

impl Relay {
    /// Offers `to` in `folder`, which only this account may enter. Sweeps what killed desks left there.
    ///
    /// # Errors
    /// For an address that is not on loopback; when the system refuses.
    pub fn open(folder: &Path, to: SocketAddr) -> io::Result<Relay> {
        if !to.ip().is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a proxy is reached on loopback only"));
        }
        for left in fs::read_dir(folder)?.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(RELAY)) {
            if UnixStream::connect(left.path()).is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused) {
                // Another desk may have swept it a moment ago.
                let _ = fs::remove_file(left.path());
            }
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let place = folder.join(format!("{RELAY}{}", hex::encode(random)));
        let listener = UnixListener::bind(&place)?;
        listener.set_nonblocking(true)?;
        let over = Arc::new(AtomicBool::new(false));
        let worker = thread::spawn({
            let over = Arc::clone(&over);
            move || listen(&listener, to, &over)
        });
        Ok(Relay { place, over, worker: Some(worker) })
    }

    /// The socket.
    pub fn socket(&self) -> &Path {
        &self.place
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            // It looks every few milliseconds.
            let _ = worker.join();
        }
        // The folder stays clean; a leftover is swept the next time.
        let _ = fs::remove_file(&self.place);
    }
}

fn listen(listener: &UnixListener, to: SocketAddr, over: &AtomicBool) {
    let open = Arc::new(AtomicUsize::new(0));
    while !over.load(Ordering::Relaxed) {
        match listener.accept() {
            // Who comes when it is full finds the door shut.
            Ok((visitor, _)) if open.load(Ordering::Relaxed) < MOST => {
                open.fetch_add(1, Ordering::Relaxed);
                let open = Arc::clone(&open);
                thread::spawn(move || {
                    // A connection that breaks is seen at both ends of it.
                    let _ = hand_on(visitor, to);
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
            Ok(_) => {}
            Err(_) => thread::sleep(POLL),
        }
    }
}

fn hand_on(visitor: UnixStream, to: SocketAddr) -> io::Result<()> {
    visitor.set_nonblocking(false)?;
    let proxy = TcpStream::connect_timeout(&to, PATIENCE)?;
    let (mut from_visitor, mut to_proxy) = (visitor.try_clone()?, proxy.try_clone()?);
    let there = thread::spawn(move || {
        let _ = io::copy(&mut from_visitor, &mut to_proxy);
        let _ = to_proxy.shutdown(Shutdown::Write);
    });
    let (mut from_proxy, mut to_visitor) = (&proxy, &visitor);
    let _ = io::copy(&mut from_proxy, &mut to_visitor);
    // Also while the visitor still speaks: the proxy has gone, or the visitor has.
    let _ = (visitor.shutdown(Shutdown::Both), proxy.shutdown(Shutdown::Both));
    let _ = there.join();
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn bytes_go_there_and_back_and_the_socket_goes_with_the_relay() {
        let (place, proxy) = (tempfile::tempdir().unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let relay = Relay::open(place.path(), proxy.local_addr().unwrap()).unwrap();
        let mut visitor = UnixStream::connect(relay.socket()).unwrap();
        visitor.set_read_timeout(Some(PATIENCE)).unwrap();
        visitor.write_all(b"hello").unwrap();
        visitor.shutdown(Shutdown::Write).unwrap();
        let mut heard = Vec::new();
        let (mut stream, _) = proxy.accept().unwrap();
        stream.read_to_end(&mut heard).unwrap();
        stream.write_all(b"good day").unwrap();
        drop(stream);
        let mut answer = Vec::new();
        visitor.read_to_end(&mut answer).unwrap();
        assert_eq!((&heard[..], &answer[..]), (&b"hello"[..], &b"good day"[..]));
        let socket = relay.socket().to_path_buf();
        drop(relay);
        assert!(!socket.exists() && UnixStream::connect(&socket).is_err());
    }
}
