//! A small synthetic market, served on loopback while the demo captures it, or until somebody who
//! practises on it stops it. It is reached from this machine only. Pages written for this
//! project; names under `.example`, keys that nobody holds; every page says SYNTHETIC.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
};

const PAGES: [(&str, &str); 5] = [
    ("/", include_str!("pages/index.html")),
    ("/en/listing-1.html", include_str!("pages/en.html")),
    ("/th/listing-2.html", include_str!("pages/th.html")),
    ("/lo/listing-3.html", include_str!("pages/lo.html")),
    ("/ru/listing-4.html", include_str!("pages/ru.html")),
];

/// The name under which the market is reached: loopback by definition (RFC 6761).
pub const HOST: &str = "moon-bazaar.localhost";

/// Serves the market on a free port of 127.0.0.1 until the process ends; gives the port.
pub fn serve() -> std::io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || serve_on(&listener));
    Ok(port)
}

/// Answers visitors until the process ends.
pub fn serve_on(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        // One visitor's trouble is not the market's.
        let _ = answer(stream);
    }
}

/// The addresses of its pages, below this address.
pub fn pages_at(address: impl std::fmt::Display) -> Vec<String> {
    PAGES.iter().map(|(path, _)| format!("http://{address}{path}")).collect()
}

fn answer(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or("");
    let (status, body) = match PAGES.iter().find(|(known, _)| *known == path) {
        Some((_, body)) => ("200 OK", *body),
        None => ("404 Not Found", "<!doctype html><title>SYNTHETIC · no such page</title>"),
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nServer: synthetic-market\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
