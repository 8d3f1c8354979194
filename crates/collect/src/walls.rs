//! Walls around the capture child: user, network, mount, IPC and host-name namespaces of its own, and a root
//! folder that holds nothing but the spool and the proxy's socket.
//!
//! An empty network namespace alone is no wall: sockets that have a path lead through it to whatever the host
//! runs. So the child also loses every path. Where the kernel refuses one of these, the child refuses to
//! work; it never goes on with less.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, mount_remount, unmount};
use rustix::process::{DumpableBehavior, getgid, getuid, pivot_root, set_dumpable_behavior};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags, set_capabilities, set_no_new_privs, unshare_unsafe};

/// Where everything lies once the walls stand.
#[derive(Debug, Clone)]
pub struct Inside {
    /// The spool.
    pub spool: PathBuf,
    /// The proxy's socket.
    pub socket: PathBuf,
}

/// What the walled root holds; the battery compares it.
pub const ROOT: [&str; 2] = ["spool", "tor"];
const SPOOL: &str = "/spool";
const SOCKET: &str = "/tor/socks";

/// Raises the walls around this process, which must have one thread. One way.
///
/// # Errors
/// What could not be done, and the system's reason.
pub fn raise(spool: &Path, socket: &Path) -> Result<Inside, (&'static str, io::Error)> {
    namespaces()?;
    own_root(spool, socket)?;
    Ok(Inside { spool: SPOOL.into(), socket: SOCKET.into() })
}

fn at(doing: &'static str) -> impl FnOnce(io::Error) -> (&'static str, io::Error) {
    move |error| (doing, error)
}

fn failed(doing: &'static str) -> impl FnOnce(rustix::io::Errno) -> (&'static str, io::Error) {
    move |error| (doing, error.into())
}

/// All that the child leaves.
const ALL: UnshareFlags =
    UnshareFlags::NEWUSER.union(UnshareFlags::NEWNET).union(UnshareFlags::NEWNS).union(UnshareFlags::NEWIPC).union(UnshareFlags::NEWUTS);

/// Leaves the host's namespaces. The child keeps its own user and group: files in the spool stay the officer's.
fn namespaces() -> Result<(), (&'static str, io::Error)> {
    leave(ALL)
}

/// Leaves these namespaces only. For the tests of the battery, which must see what a missing wall does.
///
/// # Errors
/// As [`raise`].
pub fn leave(all: UnshareFlags) -> Result<(), (&'static str, io::Error)> {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    // The files of an undumpable process belong to root, and an officer's account could not write its own maps.
    dumpable(DumpableBehavior::Dumpable)?;
    #[expect(unsafe_code, reason = "unsafe for the sake of shared descriptors, which are not unshared here")]
    // SAFETY: the process has one thread, and NEWNS, which gives it a filesystem state of its own, harms no other.
    unsafe { unshare_unsafe(all) }.map_err(failed("leaving the host's namespaces"))?;
    // A group map may be written only by who gave up setting groups.
    fs::write("/proc/self/setgroups", "deny").map_err(at("giving up groups"))?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1")).map_err(at("keeping the own user"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1")).map_err(at("keeping the own group"))?;
    dumpable(DumpableBehavior::NotDumpable)
}

fn dumpable(how: DumpableBehavior) -> Result<(), (&'static str, io::Error)> {
    set_dumpable_behavior(how).map_err(failed("saying who may look into this process"))
}

/// Gives up what the new user namespace gave: whoever took this process over could not undo its walls.
///
/// # Errors
/// When the system refuses.
pub fn disarm() -> Result<(), (&'static str, io::Error)> {
    let none = CapabilitySets { effective: CapabilitySet::empty(), permitted: CapabilitySet::empty(), inheritable: CapabilitySet::empty() };
    set_no_new_privs(true).map_err(failed("giving up new privileges"))?;
    set_capabilities(None, none).map_err(failed("giving up capabilities"))
}

/// An empty root in memory with two things bound into it; the host's root is let go. For the tests of the battery
/// it stands alone.
///
/// # Errors
/// As [`raise`].
pub fn own_root(spool: &Path, socket: &Path) -> Result<(), (&'static str, io::Error)> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).map_err(failed("keeping mounts to itself"))?;
    // The spool's parent is only covered in this namespace; the host does not see it.
    let root = spool.parent().unwrap_or(Path::new("/"));
    let held = fs::File::open(spool).map_err(at("opening the spool"))?;
    let proxy = open_path(socket).map_err(at("opening the proxy's socket"))?;
    mount("tmpfs", root, "tmpfs", hard(), Some(c"size=64k,mode=0755")).map_err(failed("making an empty root"))?;
    bind(&held, &root.join("spool"), true)?;
    fs::DirBuilder::new().mode(0o755).create(root.join("tor")).map_err(at("making the proxy's folder"))?;
    bind(&proxy, &root.join("tor/socks"), false)?;
    fs::create_dir(root.join("host")).map_err(at("making a place for the host's root"))?;
    std::env::set_current_dir(root).map_err(at("entering the empty root"))?;
    pivot_root(".", "host").map_err(failed("changing the root"))?;
    std::env::set_current_dir("/").map_err(at("entering the new root"))?;
    unmount("/host", UnmountFlags::DETACH).map_err(failed("letting the host's root go"))?;
    fs::remove_dir("/host").map_err(at("removing the place of the host's root"))?;
    mount_remount("/", hard() | MountFlags::RDONLY, "").map_err(failed("locking the new root"))
}

/// A handle on a socket's path: it can be bound, not spoken to.
fn open_path(place: &Path) -> io::Result<fs::File> {
    use rustix::fs::{Mode, OFlags, open};
    Ok(open(place, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?.into())
}

/// Binds what is held, by its descriptor: its path may be covered already.
fn bind(held: &fs::File, place: &Path, folder: bool) -> Result<(), (&'static str, io::Error)> {
    use std::os::fd::AsRawFd;
    if folder {
        fs::create_dir(place).map_err(at("making a place in the empty root"))?;
    } else {
        fs::write(place, "").map_err(at("making a place in the empty root"))?;
    }
    mount_bind(format!("/proc/self/fd/{}", held.as_raw_fd()), place).map_err(failed("binding into the empty root"))?;
    // Flags that the host's mount has are locked here, and must be named again.
    let kept = statvfs(place).map_err(failed("reading the flags of a mount"))?.f_flag;
    let named = [(StatVfsMountFlags::RDONLY, MountFlags::RDONLY), (StatVfsMountFlags::NOATIME, MountFlags::NOATIME), (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME), (StatVfsMountFlags::RELATIME, MountFlags::RELATIME)];
    let kept = named.into_iter().filter(|(had, _)| kept.contains(*had)).fold(MountFlags::empty(), |all, (_, flag)| all | flag);
    mount_remount(place, MountFlags::BIND | hard() | kept, "").map_err(failed("locking what is bound"))
}

/// Nothing below the walled root is a program, a device, or lends an identity.
fn hard() -> MountFlags {
    MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC
}
