//! Where the browser lives: namespaces of its own for user, network, mounts, IPC, host name and processes, and a root
//! in memory with the browser's program, libraries and fonts, read-only. No home, no spool, no socket of Tor, no
//! shell, no host name, no setting of this machine.
//!
//! Where the kernel refuses a part there is no browser; it never goes on with less.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, mount_bind_recursive, mount_remount, unmount};
use rustix::process::pivot_root;
use rustix::thread::UnshareFlags;

use super::launcher::Fault;
use crate::walls;

/// Debian's Chromium, without the shell script that starts it.
pub(super) const PROGRAM: &str = "/usr/lib/chromium/chromium";
/// What the root holds; the battery compares it.
pub(super) const ROOT: [&str; 8] = ["dev", "etc", "lib", "lib64", "proc", "tmp", "usr", "var"];
/// The look that the host name is not this machine's.
pub(super) const HOST_NAME: &str = "host-name";
pub(super) const NAME: &str = "localhost";

/// Bound read-only where it is there; the first three must be.
pub(super) const SHOWN: [&str; 8] = [
    "/usr/lib/chromium", LIBRARIES, "/etc/fonts", "/usr/lib64", "/usr/share/fonts", "/usr/share/fontconfig", "/var/cache/fontconfig",
    "/usr/share/mime",
];
const NEEDED: usize = 3;
pub(super) const LIBRARIES: &str = if cfg!(target_arch = "aarch64") { "/usr/lib/aarch64-linux-gnu" } else { "/usr/lib/x86_64-linux-gnu" };
pub(super) const DEVICES: [&str; 4] = ["null", "zero", "random", "urandom"];
/// Any folder that exists on every machine: the new root covers it in this namespace only.
const PLACE: &str = "/tmp";

/// Where the host's list of processes lies until the browser has one of its own.
pub(super) const HELD: &str = "/tmp/proc";

type Failed = (&'static str, io::Error);

fn at(doing: &'static str) -> impl FnOnce(io::Error) -> Failed {
    move |error| (doing, error)
}

fn failed(doing: &'static str) -> impl FnOnce(rustix::io::Errno) -> Failed {
    move |error| (doing, error.into())
}

/// Raises them around this process, which must have one thread. What it starts next is process 1 of its own world.
///
/// # Errors
/// What could not be done, and the system's reason.
pub(super) fn raise(fault: &Fault) -> Result<(), Failed> {
    let all = UnshareFlags::NEWUSER | UnshareFlags::NEWNET | UnshareFlags::NEWNS | UnshareFlags::NEWIPC | UnshareFlags::NEWUTS | UnshareFlags::NEWPID;
    walls::leave(all.difference(fault.namespaces))?;
    if !fault.host_name {
        rustix::system::sethostname(NAME.as_bytes()).map_err(failed("taking another host name"))?;
    }
    if fault.host_root { Ok(()) } else { own_root() }
}

fn own_root() -> Result<(), Failed> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).map_err(failed("keeping mounts to itself"))?;
    let root = Path::new(PLACE);
    mount("tmpfs", root, "tmpfs", hard(), Some(c"size=64k,mode=0755")).map_err(failed("making an empty root"))?;
    for (number, path) in SHOWN.iter().enumerate() {
        if number < NEEDED || Path::new(path).is_dir() {
            show(path, root)?;
        }
    }
    for folder in ["dev", "proc", "tmp", "host", "usr", "etc", "var"] {
        fs::create_dir_all(root.join(folder)).map_err(at("making a folder in the empty root"))?;
    }
    for name in ["lib", "lib64"] {
        symlink(format!("usr/{name}"), root.join(name)).map_err(at("naming the libraries"))?;
    }
    if cfg!(target_arch = "aarch64") {
        symlink(format!("{LIBRARIES}/ld-linux-aarch64.so.1"), root.join("usr/lib/ld-linux-aarch64.so.1")).map_err(at("naming the loader"))?;
    }
    for device in DEVICES {
        let (from, to) = (Path::new("/dev").join(device), root.join("dev").join(device));
        fs::write(&to, "").map_err(at("making a place for a device"))?;
        mount_bind(&from, &to).map_err(failed("binding a device"))?;
    }
    mount("tmpfs", root.join("tmp"), "tmpfs", hard(), Some(c"size=512m,mode=0700")).map_err(failed("making a folder in memory"))?;
    // The kernel gives a list of processes only to who still has one; it is let go when the browser's own is there.
    let held = root.join(HELD.trim_start_matches('/'));
    fs::create_dir(&held).map_err(at("making a folder in memory"))?;
    mount_bind_recursive("/proc", &held).map_err(failed("keeping the list of processes for a moment"))?;
    enter(root)
}

/// Binds a folder of the host, for reading and running only.
fn show(path: &str, root: &Path) -> Result<(), Failed> {
    let place = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(&place).map_err(at("making a folder in the empty root"))?;
    mount_bind(path, &place).map_err(failed("binding the browser's program, libraries or fonts"))?;
    // Flags that the host's mount has are locked here, and must be named again.
    let kept = statvfs(&place).map_err(failed("reading the flags of a mount"))?.f_flag;
    let named = [(StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC), (StatVfsMountFlags::NOATIME, MountFlags::NOATIME), (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME), (StatVfsMountFlags::RELATIME, MountFlags::RELATIME)];
    let kept = named.into_iter().filter(|(had, _)| kept.contains(*had)).fold(MountFlags::empty(), |all, (_, flag)| all | flag);
    mount_remount(&place, MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV | kept, "").map_err(failed("locking what is bound"))
}

fn enter(root: &Path) -> Result<(), Failed> {
    std::env::set_current_dir(root).map_err(at("entering the empty root"))?;
    pivot_root(".", "host").map_err(failed("changing the root"))?;
    std::env::set_current_dir("/").map_err(at("entering the new root"))?;
    unmount("/host", UnmountFlags::DETACH).map_err(failed("letting the host's root go"))?;
    fs::remove_dir("/host").map_err(at("removing the place of the host's root"))?;
    mount_remount("/", hard() | MountFlags::RDONLY, "").map_err(failed("locking the new root"))
}

fn hard() -> MountFlags {
    MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC
}

/// The processes of the browser's own world, once it is in it, in place of the host's: called between fork and exec.
pub(super) fn own_processes() -> io::Result<()> {
    mount("proc", "/proc", "proc", hard(), Some(c"subset=pid"))?;
    Ok(unmount(HELD, UnmountFlags::DETACH)?)
}

/// Sees, from beside the browser, that the host's processes are gone.
pub(super) fn let_processes_go() -> io::Result<()> {
    fs::remove_dir(HELD)
}
