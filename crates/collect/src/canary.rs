//! What the desk listens on while a walled session runs: sockets that nobody outside this machine can reach and
//! nobody inside the walls may. They show that the walls hold where something really answers, not only where
//! nothing would have.

use std::io::{self, Read};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::capture::Canaries;

const CANARY: &str = "canary-";
/// Visitors of one kind that are listened to. The child is the first that knows the sockets.
const VISITORS: usize = 16;
/// How long a visitor is listened to.
const A_MOMENT: Duration = Duration::from_millis(300);

/// The listeners; they end with it.
#[derive(Debug)]
pub struct Cage {
    tcp: TcpListener,
    path: UnixListener,
    named: UnixListener,
    place: PathBuf,
    told: Canaries,
}

impl Cage {
    /// Listens, with a path of its own in `folder`, which lies outside every spool. Sweeps what killed desks left:
    /// sockets on which nobody listens any more.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(folder: &Path) -> io::Result<Cage> {
        for left in std::fs::read_dir(folder)?.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(CANARY)) {
            if UnixStream::connect(left.path()).is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused) {
                // Another desk may have swept it a moment ago.
                let _ = std::fs::remove_file(left.path());
            }
        }
        let mut random = [0; 12];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let random = hex::encode(random);
        let name = format!("lanternfish-canary-{random}");
        let place = folder.join(format!("{CANARY}{random}"));
        let (tcp, path) = (TcpListener::bind("127.0.0.1:0")?, UnixListener::bind(&place)?);
        let named = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
        tcp.set_nonblocking(true)?;
        path.set_nonblocking(true)?;
        named.set_nonblocking(true)?;
        let told = Canaries { tcp: vec![tcp.local_addr()?.to_string()], paths: vec![place.to_string_lossy().into_owned()], abstracts: vec![name], token: random };
        Ok(Cage { tcp, path, named, place, told })
    }

    /// What the child must try.
    pub fn told(&self) -> Canaries {
        self.told.clone()
    }

    /// Whether the child reached one of them. Others on this machine may, and know no token.
    pub fn was_reached(&self) -> bool {
        let tcp = std::iter::from_fn(|| self.tcp.accept().ok()).take(VISITORS).filter(|(stream, _)| stream.set_read_timeout(Some(A_MOMENT)).is_ok());
        let paths = [&self.path, &self.named].into_iter().flat_map(|listener| std::iter::from_fn(|| listener.accept().ok()).take(VISITORS));
        let paths = paths.filter(|(stream, _)| stream.set_read_timeout(Some(A_MOMENT)).is_ok());
        let by_tcp: Vec<bool> = tcp.map(|(stream, _)| self.is_the_child(stream)).collect();
        let by_path: Vec<bool> = paths.map(|(stream, _)| self.is_the_child(stream)).collect();
        by_tcp.into_iter().chain(by_path).any(|child| child)
    }

    fn is_the_child(&self, visitor: impl Read) -> bool {
        let mut said = vec![0; self.told.token.len()];
        // Who says nothing, or drips, or goes away, is not the child: it says all of it at once.
        let mut visitor = visitor;
        visitor.read(&mut said).is_ok_and(|read| said[..read] == *self.told.token.as_bytes())
    }
}

impl Drop for Cage {
    fn drop(&mut self) {
        // The folder stays clean; a leftover is replaced by a fresh name the next time.
        let _ = std::fs::remove_file(&self.place);
    }
}
