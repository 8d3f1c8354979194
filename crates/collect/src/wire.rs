//! A connection to a page: TCP on loopback, or a stream through Tor's socket, and TLS inside it where the address says
//! so. Short waits only, so that the lease is looked at while nothing comes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use model::capture::TlsShown;

use crate::tls::{self, Secured};

/// The bare stream.
pub(crate) enum Plain {
    Tcp(TcpStream),
    Proxied(UnixStream),
}

/// The stream on which HTTP is spoken.
pub(crate) enum Wire {
    Plain(Plain),
    Secured(Box<Secured<Plain>>),
}

impl Plain {
    pub(crate) fn wait_to_read(&self, most: Duration) -> io::Result<()> {
        match self {
            Plain::Tcp(stream) => stream.set_read_timeout(Some(most)),
            Plain::Proxied(stream) => stream.set_read_timeout(Some(most)),
        }
    }

    pub(crate) fn wait_to_write(&self, most: Duration) -> io::Result<()> {
        match self {
            Plain::Tcp(stream) => stream.set_write_timeout(Some(most)),
            Plain::Proxied(stream) => stream.set_write_timeout(Some(most)),
        }
    }
}

impl Wire {
    pub(crate) fn wait_to_read(&self, most: Duration) -> io::Result<()> {
        match self {
            Wire::Plain(plain) => plain.wait_to_read(most),
            Wire::Secured(secured) => secured.sock.wait_to_read(most),
        }
    }

    /// What the other side showed, where there is TLS.
    pub(crate) fn shown(&self, host: &str) -> Option<TlsShown> {
        match self {
            Wire::Plain(_) => None,
            Wire::Secured(secured) => Some(tls::shown(secured, host)),
        }
    }
}

impl Read for Plain {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Plain::Tcp(stream) => stream.read(out),
            Plain::Proxied(stream) => stream.read(out),
        }
    }
}

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Plain::Tcp(stream) => stream.write(bytes),
            Plain::Proxied(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Wire {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(plain) => plain.read(out),
            Wire::Secured(secured) => secured.read(out),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Plain(plain) => plain.write(bytes),
            Wire::Secured(secured) => secured.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
