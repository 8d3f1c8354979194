//! The cage of the capture child: Landlock (only the spool, only the order's ports), seccomp (a short
//! list of system calls, TCP sockets only) and resource limits. One way: nothing here can be undone.
//!
//! What it does not do: Landlock knows ports, not addresses, so *which* address is reached is held by
//! [`crate::destination`] alone. Where the kernel lacks a part, the child runs on without it and the
//! capture record says so. Root on the machine can still look into any process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, NetPort, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

/// Address space of the child, in bytes. Its own memory stays near 2 MiB; the program file is mapped too.
const MEMORY: u64 = 1 << 30;
/// Room in a file beyond twice the byte budget, for WARC headers and encryption.
const FILE_SLACK: u64 = 64 << 20;

/// Which parts of the cage hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cage {
    landlock: bool,
    seccomp: bool,
}

impl Cage {
    /// Whether system calls are filtered.
    pub fn has_filter(self) -> bool {
        self.seccomp
    }

    /// As the capture record states it: `landlock+seccomp`, `landlock`, `seccomp` or `uncaged`.
    /// `landlock` is said only when files *and* ports are held.
    pub fn label(self) -> &'static str {
        match (self.landlock, self.seccomp) {
            (true, true) => "landlock+seccomp",
            (true, false) => "landlock",
            (false, true) => "seccomp",
            (false, false) => "uncaged",
        }
    }
}

/// Drops what a parent may have left in the process: environment, descriptors above 2, core dumps and
/// the right of others to read our memory. Call it before any thread exists and any file is open.
#[expect(unsafe_code, reason = "std calls removing a variable unsafe because of threads; close_range has no safe form")]
pub fn strip_process() {
    for (name, _) in std::env::vars_os() {
        // SAFETY: the process has one thread, as the contract of this function demands.
        unsafe { std::env::remove_var(name) };
    }
    // SAFETY: nothing in this process owns a descriptor above 2 yet, as the contract demands.
    unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, 0u32) };
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Both only harden; where the system refuses, the run goes on as it would have without them.
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Locks the calling thread in: files below `spool` only, few system calls, and TCP to `ports` only; or, `proxied`,
/// no TCP at all and Unix streams instead, of which the walls leave one.
pub fn enter(spool: &Path, ports: &BTreeSet<u16>, proxied: bool, byte_budget: u64) -> Cage {
    limit(byte_budget);
    let landlock = landlock(spool, ports).is_ok_and(|held| held);
    let _ = narrower_scopes();
    let seccomp = syscall_filter(proxied).is_some_and(|filter| seccompiler::apply_filter(&filter).is_ok());
    Cage { landlock, seccomp }
}

fn limit(byte_budget: u64) {
    let file = byte_budget.saturating_mul(2).saturating_add(FILE_SLACK);
    for (resource, most) in [(Resource::Fsize, file), (Resource::As, MEMORY), (Resource::Nofile, 64)] {
        // A limit that cannot be set leaves the parent's, which is what the run would have had.
        let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    }
}

/// Files and ports, ABI 4 (Linux 6.7). Says whether all of it is enforced.
fn landlock(spool: &Path, ports: &BTreeSet<u16>) -> Result<bool, RulesetError> {
    let Ok(folder) = PathFd::new(spool) else { return Ok(false) };
    let inside: BitFlags<AccessFs> =
        AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile | AccessFs::Truncate;
    let open_ports = ports.iter().map(|port| Ok::<_, RulesetError>(NetPort::new(*port, AccessNet::ConnectTcp)));
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V4))?
        .handle_access(AccessNet::from_all(ABI::V4))?
        .create()?
        .add_rule(PathBeneath::new(folder, inside))?
        .add_rules(open_ports)?
        .restrict_self()?;
    Ok(status.ruleset == RulesetStatus::FullyEnforced)
}

/// A second layer for newer kernels: no device control, no signals out, no abstract Unix sockets.
/// Not part of the label, because seccomp already refuses the same system calls.
fn narrower_scopes() -> Result<(), RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::IoctlDev)?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .restrict_self()
        .map(drop)
}

/// The allow-list; every other call fails with EPERM. None where the processor is not known.
fn syscall_filter(proxied: bool) -> Option<BpfProgram> {
    let arch: TargetArch = std::env::consts::ARCH.try_into().ok()?;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|call| (*call, vec![])).collect();
    let families: &[i32] = if proxied { &[libc::AF_UNIX] } else { &[libc::AF_INET, libc::AF_INET6] };
    let streams: Option<Vec<SeccompRule>> = families.iter().map(|family| stream_socket(*family)).collect();
    rules.insert(libc::SYS_socket, streams?);
    rules.insert(libc::SYS_ioctl, vec![only_non_blocking()?]);
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules, refuse, SeccompAction::Allow, arch).ok()?.try_into().ok()
}

/// A stream socket of one family: no datagrams, so no DNS; by loopback no Unix sockets, so no daemon that resolves.
fn stream_socket(family: i32) -> Option<SeccompRule> {
    let word = SeccompCmpArgLen::Dword;
    let of_family = SeccompCondition::new(0, word.clone(), SeccompCmpOp::Eq, u64::try_from(family).ok()?).ok()?;
    let kind = u64::try_from(libc::SOCK_STREAM).ok()?;
    let is_stream = SeccompCondition::new(1, word, SeccompCmpOp::MaskedEq(0xf), kind).ok()?;
    SeccompRule::new(vec![of_family, is_stream]).ok()
}

/// The one device call that a time-limited connect needs.
fn only_non_blocking() -> Option<SeccompRule> {
    let is_fionbio = SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, u64::from(FIONBIO)).ok()?;
    SeccompRule::new(vec![is_fionbio]).ok()
}

const FIONBIO: u32 = libc::FIONBIO as u32;

/// What reading, writing, renaming in the spool, TCP, memory, clocks and ending need.
#[rustfmt::skip]
const ALLOWED: &[i64] = &[
    libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev, libc::SYS_pread64, libc::SYS_pwrite64,
    libc::SYS_close, libc::SYS_fstat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_lseek, libc::SYS_openat,
    libc::SYS_fcntl, libc::SYS_fsync, libc::SYS_fdatasync, libc::SYS_ftruncate,
    libc::SYS_renameat, libc::SYS_renameat2, libc::SYS_unlinkat,
    libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_munmap, libc::SYS_mremap, libc::SYS_madvise, libc::SYS_brk,
    libc::SYS_connect, libc::SYS_getsockopt, libc::SYS_setsockopt, libc::SYS_getpeername, libc::SYS_getsockname,
    libc::SYS_recvfrom, libc::SYS_sendto, libc::SYS_shutdown, libc::SYS_ppoll,
    libc::SYS_clock_gettime, libc::SYS_clock_nanosleep, libc::SYS_nanosleep, libc::SYS_getrandom, libc::SYS_futex,
    libc::SYS_sched_yield, libc::SYS_getpid, libc::SYS_gettid, libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_sigaltstack,
    libc::SYS_exit, libc::SYS_exit_group,
    #[cfg(target_arch = "x86_64")] libc::SYS_open,
    #[cfg(target_arch = "x86_64")] libc::SYS_rename,
    #[cfg(target_arch = "x86_64")] libc::SYS_unlink,
    #[cfg(target_arch = "x86_64")] libc::SYS_poll,
];
