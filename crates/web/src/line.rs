//! The lines: connections are taken, encrypted where the server was told to, and given to the pages.
//!
//! A handshake has ten seconds, the head of a request thirty, and one machine a bounded number of lines; what is slow or
//! broken holds nobody else up, because each line is on a task of its own and none is waited for. On a port for TLS a
//! request in the clear is told so and never answered.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use hyper_util::{rt::{TokioIo, TokioTimer}, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of a request may take; a line without one for so long is closed.
const HEAD: Duration = Duration::from_secs(30);
/// Lines that are open at the same time.
const MOST: usize = 1_024;
/// Lines of one other machine that are open at the same time.
const MOST_OF_ONE: usize = 64;
/// The first byte of a TLS record that begins a handshake (RFC 8446, section 5.1).
const BEGINS_TLS: u8 = 22;
const IN_THE_CLEAR: &str = "this server answers over TLS only: open its address with https:// in front\n";

/// The open lines, counted.
#[derive(Default)]
struct Seats {
    of: Mutex<HashMap<IpAddr, usize>>,
}

/// One open line, given back however it ends.
struct Seat {
    seats: Arc<Seats>,
    of: IpAddr,
}

impl Seats {
    fn take(self: &Arc<Self>, of: IpAddr) -> Option<Seat> {
        let mut seats = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, mine) = (seats.values().sum::<usize>(), seats.get(&of).copied().unwrap_or(0));
        if all >= MOST || mine >= MOST_OF_ONE && !of.is_loopback() {
            return None;
        }
        seats.insert(of, mine + 1);
        Some(Seat { seats: Arc::clone(self), of })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.seats.of.lock().unwrap_or_else(PoisonError::into_inner);
        match seats.get_mut(&self.of) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(seats.remove(&self.of)),
        }
    }
}

/// Takes lines until the process ends.
pub async fn serve(listener: TcpListener, tls: Option<Arc<ServerConfig>>, pages: Router) -> io::Result<()> {
    let (seats, acceptor) = (Arc::new(Seats::default()), tls.map(TlsAcceptor::from));
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            // No descriptor is left, or the line was gone before it was taken: others may fare better in a moment.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Some(seat) = seats.take(from.ip()) else { continue };
        let (acceptor, pages) = (acceptor.clone(), pages.clone());
        tokio::spawn(async move {
            let _seat = seat;
            let _ = stream.set_nodelay(true);
            match acceptor {
                None => speak(stream, pages).await,
                Some(acceptor) => speak_encrypted(stream, &acceptor, pages).await,
            }
        });
    }
}

async fn speak_encrypted(stream: TcpStream, acceptor: &TlsAcceptor, pages: Router) {
    let mut first = [0];
    match timeout(HANDSHAKE, stream.peek(&mut first)).await {
        Ok(Ok(1)) if first[0] == BEGINS_TLS => {}
        Ok(Ok(1)) => return refuse_the_clear(stream).await,
        _ => return,
    }
    if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
        speak(stream, pages).await;
    }
}

/// Says what to do instead. What was asked is read for a second and looked at by nobody, so that the answer arrives.
async fn refuse_the_clear(mut stream: TcpStream) {
    let answer = format!("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{IN_THE_CLEAR}", IN_THE_CLEAR.len());
    let said = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        let mut thrown_away = [0; 4096];
        while stream.read(&mut thrown_away).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(Duration::from_secs(1), said).await;
}

async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, pages: Router) {
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    // A line that breaks is told to nobody: its step goes on, and its answer waits.
    let _ = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(pages)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_machine_takes_not_all_lines() {
        let seats = Arc::new(Seats::default());
        let (one, other): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let mut taken: Vec<Seat> = (0..MOST_OF_ONE).map(|_| seats.take(one).unwrap()).collect();
        assert!(seats.take(one).is_none());
        assert!(seats.take(other).is_some());
        drop(taken.pop());
        assert!(seats.take(one).is_some());
        drop(taken);
        assert!(seats.of.lock().unwrap().is_empty(), "nothing is counted that is over");
    }
}
