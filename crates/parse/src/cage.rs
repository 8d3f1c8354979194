//! The cage of the child: entered before one byte of a stranger is read (law 14).
//!
//! Descriptors but the three standard ones are closed; no new privileges, no core, no descriptor
//! table to speak of, no file growth; Landlock without a single rule (no file system, no TCP, no
//! abstract sockets or signals outside, as far as the kernel's version goes); seccomp in two
//! filters: what a parser needs is allowed, what a break-out would try is refused with EPERM so
//! that the refusal can be shown, everything else ends the process. Where the kernel lacks both,
//! the child still runs apart under resource limits and says `uncaged`.

use std::collections::BTreeMap;

use landlock::{Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use serde::{Deserialize, Serialize};

/// Which walls stand; the weakest is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cage {
    /// Both.
    #[serde(rename = "landlock+seccomp")]
    LandlockAndSeccomp,
    /// The kernel has no Landlock.
    #[serde(rename = "seccomp")]
    Seccomp,
    /// The kernel has no seccomp filters.
    #[serde(rename = "landlock")]
    Landlock,
    /// Neither: only a process of its own with resource limits.
    #[serde(rename = "uncaged")]
    Uncaged,
}

impl Cage {
    /// The cage of this name; a name that nobody knows is none.
    pub fn of_name(name: &str) -> Cage {
        let all = [Cage::LandlockAndSeccomp, Cage::Seccomp, Cage::Landlock];
        all.into_iter().find(|cage| cage.name() == name).unwrap_or(Cage::Uncaged)
    }

    /// The word that stands in an exhibit's record.
    pub fn name(self) -> &'static str {
        match self {
            Cage::LandlockAndSeccomp => "landlock+seccomp",
            Cage::Seccomp => "seccomp",
            Cage::Landlock => "landlock",
            Cage::Uncaged => "uncaged",
        }
    }
}

/// What the child says about its cage, before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CageReport {
    /// Which walls stand.
    pub cage: Cage,
    /// Whether Landlock enforces everything asked for, or only what this kernel knows.
    pub landlock_in_full: bool,
    /// Limits that could not be set.
    pub gaps: Vec<String>,
}

impl CageReport {
    /// When the child ended before it could say.
    pub(crate) fn unknown() -> Self {
        CageReport { cage: Cage::Uncaged, landlock_in_full: false, gaps: vec!["the child never reported".into()] }
    }
}

/// How the cage is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CageOptions {
    /// Use Landlock where the kernel has it.
    pub landlock: bool,
    /// Use seccomp where the kernel has it.
    pub seccomp: bool,
    /// Descriptors that the child may have open; 3 leaves none to open anything with.
    pub descriptors: u64,
    /// Whether the process belongs to a host of ours, that is, it speaks through pipes and ends with it. Otherwise a
    /// stranger's program started it: then its output may be a file that grows, and it ends with its input.
    pub hosted: bool,
}

impl CageOptions {
    /// Every wall the kernel offers: what the product uses.
    pub const FULL: CageOptions = CageOptions { landlock: true, seccomp: true, descriptors: 3, hosted: true };

    /// The same walls around a process that no host of ours watches.
    pub const ALONE: CageOptions = CageOptions { hosted: false, ..CageOptions::FULL };
}

/// Bounds that are known before the cage stands: a host passes them in the environment, because nothing may be read
/// before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of memory beyond what the program itself takes.
    pub memory_bytes: u64,
    /// Seconds of processor time.
    pub cpu_s: u64,
}

/// Enters the cage for good. Never fails: what could not be had is in the report. It must be the first thing that the
/// process does: it closes every descriptor but 0, 1 and 2.
pub fn enter(options: &CageOptions, bounds: &Bounds) -> CageReport {
    let mut gaps = Vec::new();
    close_inherited();
    set_process_flags(options.hosted, &mut gaps);
    set_limits(options.hosted, bounds, &mut gaps);
    let landlock = if options.landlock { enter_landlock(&mut gaps) } else { RulesetStatus::NotEnforced };
    // Only now: Landlock itself needs a descriptor for a moment.
    set_limit("descriptors", Resource::Nofile, options.descriptors, &mut gaps);
    let seccomp = options.seccomp && enter_seccomp(&mut gaps);
    let cage = named(landlock != RulesetStatus::NotEnforced, seccomp);
    CageReport { cage, landlock_in_full: landlock == RulesetStatus::FullyEnforced, gaps }
}

/// The walls by what stands.
pub(crate) fn named(landlock: bool, seccomp: bool) -> Cage {
    match (landlock, seccomp) {
        (true, true) => Cage::LandlockAndSeccomp,
        (false, true) => Cage::Seccomp,
        (true, false) => Cage::Landlock,
        (false, false) => Cage::Uncaged,
    }
}

#[expect(unsafe_code, reason = "closing descriptors by number has no safe form; nothing here owns one above 2")]
pub(crate) fn close_inherited() {
    // SAFETY: called first in the child, before any file, socket or library handle was opened, so
    // no live owner of a descriptor above 2 exists in this process.
    let done = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, 0u32) };
    if done != 0 {
        for descriptor in 3..4096 {
            // SAFETY: as above.
            unsafe { libc::close(descriptor) };
        }
    }
}

pub(crate) fn set_process_flags(hosted: bool, gaps: &mut Vec<String>) {
    // The signal comes when the thread that started the child ends, which only a host of ours knows.
    let with_host = if hosted { rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) } else { Ok(()) };
    let steps = [
        ("no new privileges", rustix::thread::set_no_new_privs(true)),
        ("not dumpable", rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)),
        ("end with the host", with_host),
    ];
    gaps.extend(steps.into_iter().filter(|(_, done)| done.is_err()).map(|(name, _)| name.to_string()));
}

const CPU: &str = "CPU seconds";

pub(crate) fn set_limits(hosted: bool, bounds: &Bounds, gaps: &mut Vec<String>) {
    let address_space = occupied_address_space().saturating_add(bounds.memory_bytes);
    let limits = [
        ("address space", Resource::As, address_space),
        (CPU, Resource::Cpu, bounds.cpu_s.max(1)),
        ("core file", Resource::Core, 0),
        ("file size", Resource::Fsize, 0),
        ("processes", Resource::Nproc, 0),
    ];
    // Without a host the output may be a file; no other one can be opened.
    let limits = limits.into_iter().filter(|(_, resource, _)| hosted || !matches!(resource, Resource::Fsize));
    for (name, resource, bound) in limits {
        set_limit(name, resource, bound, gaps);
    }
}

pub(crate) fn set_limit(name: &str, resource: Resource, bound: u64, gaps: &mut Vec<String>) {
    // One above for the hard limit: past the soft one the kernel says that it was CPU time, at the
    // hard one it only kills.
    let hard = if name == CPU { bound.saturating_add(1) } else { bound };
    let limit = Rlimit { current: Some(bound), maximum: Some(hard) };
    if rustix::process::setrlimit(resource, limit).is_err() {
        gaps.push(format!("limit of {name}"));
    }
}

/// Bytes that the program itself maps; the budget counts from there. 256 MiB where the system does
/// not say.
fn occupied_address_space() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok().and_then(|text| text.split(' ').next()?.parse().ok());
    pages.map_or(256 << 20, |pages: u64| pages.saturating_mul(rustix::param::page_size() as u64))
}

fn enter_landlock(gaps: &mut Vec<String>) -> RulesetStatus {
    // Best effort is the crate's default: what this kernel does not know is left out and told.
    let abi = landlock::ABI::V6;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(abi)))
        .and_then(|rules| rules.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.restrict_self());
    match status {
        Ok(status) => status.ruleset,
        Err(why) => {
            gaps.push(format!("landlock: {why}"));
            RulesetStatus::NotEnforced
        }
    }
}

fn enter_seccomp(gaps: &mut Vec<String>) -> bool {
    // The kernel takes the strictest answer of all filters: kill before EPERM before allow.
    // The refusals come last, because they refuse the calls that install a filter.
    let installed = install(permissions(), SeccompAction::KillProcess, SeccompAction::Allow)
        .and_then(|()| install(refusals(), SeccompAction::Allow, SeccompAction::Errno(libc::EPERM.unsigned_abs())));
    if let Err(why) = &installed {
        gaps.push(format!("seccomp: {why}"));
    }
    installed.is_ok()
}

pub(crate) type Rules = BTreeMap<i64, Vec<SeccompRule>>;

pub(crate) fn install(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<(), String> {
    let arch = std::env::consts::ARCH.try_into().map_err(|e| format!("{e}"))?;
    let filter = SeccompFilter::new(rules, otherwise, matched, arch).map_err(|e| e.to_string())?;
    let program: BpfProgram = filter.try_into().map_err(|e: seccompiler::BackendError| e.to_string())?;
    seccompiler::apply_filter(&program).map_err(|e| e.to_string())
}

/// Calls that a break-out would try; refused so that the refusal can be shown.
const REFUSED: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_io_uring_setup,
    libc::SYS_memfd_create,
    libc::SYS_pipe2,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_fcntl,
    libc::SYS_ioctl,
    libc::SYS_prctl,
    libc::SYS_seccomp,
    libc::SYS_prlimit64,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_chdir,
    libc::SYS_getcwd,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_unlinkat,
    libc::SYS_mkdirat,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_pidfd_open,
    libc::SYS_uname,
    libc::SYS_sysinfo,
];

/// The same, where the architecture still has the older calls.
#[cfg(target_arch = "x86_64")]
const REFUSED_OLD: &[i64] = &[
    libc::SYS_open,
    libc::SYS_creat,
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_accept,
    libc::SYS_pipe,
    libc::SYS_dup2,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_OLD: &[i64] = &[];

/// What a single-threaded parser with an allocator needs.
const ALLOWED: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_ppoll,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
    libc::SYS_membarrier,
    libc::SYS_getcpu,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

fn refusals() -> Rules {
    REFUSED.iter().chain(REFUSED_OLD).map(|call| (*call, Vec::new())).collect()
}

fn permissions() -> Rules {
    let mut rules: Rules = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    rules.extend(refusals());
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_poll, Vec::new());
    rules.insert(libc::SYS_mmap, never_executable());
    rules.insert(libc::SYS_mprotect, never_executable());
    rules.insert(libc::SYS_tgkill, only_myself());
    rules
}

/// Memory may be mapped, but not made executable.
fn never_executable() -> Vec<SeccompRule> {
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    vec![rule(2, SeccompCmpOp::MaskedEq(executable), 0)]
}

/// `abort` raises a signal in its own process.
fn only_myself() -> Vec<SeccompRule> {
    vec![rule(0, SeccompCmpOp::Eq, u64::from(std::process::id()))]
}

fn rule(argument: u8, operation: SeccompCmpOp, value: u64) -> SeccompRule {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operation, value)
        .expect("argument numbers here are below six");
    SeccompRule::new(vec![condition]).expect("one condition is given")
}
