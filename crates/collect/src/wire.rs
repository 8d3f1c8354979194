//! A connection to a page: TCP on loopback, or a stream through Tor's socket. Short waits only, so that the
//! lease is looked at while nothing comes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

pub(crate) enum Wire {
    Tcp(TcpStream),
    Proxied(UnixStream),
}

impl Wire {
    pub(crate) fn wait_to_read(&self, most: Duration) -> io::Result<()> {
        match self {
            Wire::Tcp(stream) => stream.set_read_timeout(Some(most)),
            Wire::Proxied(stream) => stream.set_read_timeout(Some(most)),
        }
    }

    pub(crate) fn wait_to_write(&self, most: Duration) -> io::Result<()> {
        match self {
            Wire::Tcp(stream) => stream.set_write_timeout(Some(most)),
            Wire::Proxied(stream) => stream.set_write_timeout(Some(most)),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Tcp(stream) => stream.read(out),
            Wire::Proxied(stream) => stream.read(out),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Tcp(stream) => stream.write(bytes),
            Wire::Proxied(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
