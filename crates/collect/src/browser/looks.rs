//! What lies behind the browser's walls, seen from inside: every file outside the folders that are shown, every
//! socket, pipe and device in any of them, every mount. The battery tries ways out by name; this looks at all that is
//! there, also at what nobody has thought of.
//!
//! It opens no file but the kernel's list of mounts, and what an account may not list, the browser could not reach.

use std::fs;
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use model::capture::Probe;

use super::walls::{DEVICES, HELD, HOST_NAME, LIBRARIES, NAME, SHOWN};

/// The looks before the browser is there.
pub(super) const BEFORE: [&str; 4] = [HOST_NAME, FILES, SOCKETS, MOUNTS];
const FILES: &str = "shown-files";
const SOCKETS: &str = "no-sockets";
const MOUNTS: &str = "mounts";
/// The look at the mounts while it runs.
pub(super) const OWN_MOUNTS: &str = "own-mounts";

/// Most that is looked at: the libraries and fonts of a large desktop are a tenth of it.
const MOST: usize = 500_000;
/// Most that an answer names.
const NAMED: usize = 12;

fn probe(name: &str, held: bool, answer: String) -> Probe {
    Probe { probe: name.into(), held, answer }
}

/// All looks before the browser is there, while the host's list of processes is still held.
pub(super) fn before() -> Vec<Probe> {
    let found = walked(Path::new("/"));
    let told = |these: &[PathBuf]| match these.len() {
        0 => format!("none among {} that were looked at", found.seen),
        count => format!("{count}: {}", these.iter().take(NAMED).map(|path| path.to_string_lossy()).collect::<Vec<_>>().join(" ")),
    };
    let whole = found.seen < MOST;
    vec![
        host_name(),
        probe(FILES, whole && found.others.is_empty(), told(&found.others)),
        probe(SOCKETS, whole && found.doors.is_empty(), told(&found.doors)),
        Mounts::open().map_or_else(|error| probe(MOUNTS, false, error.to_string()), |mut list| list.looked_at(MOUNTS, HELD)),
    ]
}

fn host_name() -> Probe {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    probe(HOST_NAME, name == NAME, name)
}

/// The kernel's list of what is mounted here: the browser's, which is started into the same mounts and may make none.
/// It is kept open, because the launcher is in no list of processes once the browser has its own.
pub(super) struct Mounts(fs::File);

impl Mounts {
    /// Opens it while the host's list of processes is held.
    pub(super) fn open() -> io::Result<Mounts> {
        let list = fs::File::open(Path::new(HELD).join("self/mountinfo"))?;
        // The browser's own pipe takes the first numbers.
        Ok(Mounts(rustix::io::fcntl_dupfd_cloexec(&list, 10)?.into()))
    }

    /// While the browser runs: what was there before, with its own list of processes in place of the host's.
    pub(super) fn own(&mut self) -> Probe {
        self.looked_at(OWN_MOUNTS, "/proc")
    }

    /// Whether what is mounted is what the walls mount, and read-only where they say so (proc(5), `mountinfo`).
    fn looked_at(&mut self, name: &str, processes: &str) -> Probe {
        let mut text = String::new();
        if let Err(error) = self.0.rewind().and_then(|()| self.0.read_to_string(&mut text)) {
            return probe(name, false, error.to_string());
        }
        let fields = |line: &str| {
            let mut fields = line.split(' ').skip(4).map(str::to_string);
            Some((fields.next()?, fields.next()?))
        };
        let all: Option<Vec<(String, String)>> = text.lines().map(fields).collect();
        let Some(all) = all.filter(|all| !all.is_empty()) else { return probe(name, false, "the list of mounts cannot be understood".into()) };
        let others: Vec<&str> = all.iter().filter(|(place, options)| !is_of_the_walls(place, options, processes)).map(|(place, _)| place.as_str()).collect();
        match others.len() {
            0 => probe(name, true, format!("{} mounts, all of the walls", all.len())),
            _ => probe(name, false, others.into_iter().take(NAMED).collect::<Vec<_>>().join(" ")),
        }
    }
}

#[derive(Default)]
struct Found {
    /// What is neither shown nor made by the walls.
    others: Vec<PathBuf>,
    /// Sockets, pipes and devices.
    doors: Vec<PathBuf>,
    seen: usize,
}

fn walked(root: &Path) -> Found {
    let (mut found, mut next) = (Found::default(), vec![root.to_path_buf()]);
    while let Some(folder) = next.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => continue,
            Err(_) => {
                found.others.push(folder);
                continue;
            }
        };
        for entry in entries {
            let Ok((path, kind)) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) else {
                found.others.push(folder.clone());
                continue;
            };
            found.seen += 1;
            if found.seen >= MOST {
                return found;
            }
            let device = is_device(&path);
            if kind.is_socket() || kind.is_fifo() || kind.is_block_device() || (kind.is_char_device() && !device) {
                found.doors.push(path.clone());
            }
            if !(is_shown(&path) || is_made(&path) || device) {
                found.others.push(path.clone());
            }
            // The kernel's lists are looked at by what is mounted, not by their thousands of files.
            if kind.is_dir() && path != Path::new("/proc") && path != Path::new(HELD) {
                next.push(path);
            }
        }
    }
    found
}

fn is_shown(path: &Path) -> bool {
    SHOWN.iter().any(|shown| path.starts_with(shown))
}

fn is_device(path: &Path) -> bool {
    DEVICES.iter().any(|device| path == Path::new("/dev").join(device))
}

/// What the walls themselves put there: folders above what is shown, and two names for the libraries.
fn is_made(path: &Path) -> bool {
    let above = |below: &str| Path::new(below).starts_with(path);
    let loader = cfg!(target_arch = "aarch64") && path.starts_with("/usr/lib") && path.file_name() == Path::new(LIBRARIES).join("ld-linux-aarch64.so.1").file_name();
    SHOWN.iter().any(|shown| above(shown)) || ["/dev", "/proc", "/lib", "/lib64", HELD].into_iter().any(above) || loader
}

fn is_of_the_walls(place: &str, options: &str, processes: &str) -> bool {
    let path = Path::new(place);
    let locked = options.split(',').any(|option| option == "ro");
    // The host's list comes with what is mounted below it, which goes with it; the browser's own has nothing below.
    let processes = if processes == HELD { path.starts_with(processes) } else { path == Path::new(processes) };
    processes || is_device(path) || place == "/tmp" || (locked && (place == "/" || SHOWN.contains(&place)))
}
