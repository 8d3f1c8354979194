//! The cage of the child: no network, no files, no new processes, bounded memory and time.
//!
//! Three guards, each reported as it is: Landlock (files, TCP, signals) where the kernel has it,
//! seccomp (an allow-list of system calls; everything else fails with EPERM) and resource limits. The
//! child runs also when a guard is missing; the reply then says so, and the report's record with it.
//! Law 14.

use serde::{Deserialize, Serialize};

/// How far one guard holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// The kernel enforces all that was asked.
    Full,
    /// The kernel enforces a part.
    Partial,
    /// The kernel does not offer it, or refused.
    Absent,
}

/// The guards the child had while it worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cage {
    /// Files, TCP and signals (Landlock).
    pub landlock: Guard,
    /// System calls (seccomp).
    pub seccomp: Guard,
    /// Memory, processor time, file size, core dumps (rlimits).
    pub limits: Guard,
}

impl Cage {
    /// Whether the child could reach neither files nor network: seccomp alone is enough for that.
    pub fn holds(&self) -> bool {
        self.seccomp == Guard::Full
    }
}

impl std::fmt::Display for Cage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = |guard| match guard {
            Guard::Full => "full",
            Guard::Partial => "partial",
            Guard::Absent => "absent",
        };
        let (landlock, seccomp, limits) = (word(self.landlock), word(self.seccomp), word(self.limits));
        let name = if self.holds() { "caged" } else { "uncaged" };
        write!(f, "{name} (landlock {landlock}, seccomp {seccomp}, limits {limits})")
    }
}

/// What the child may use.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Most address space, in bytes.
    pub memory_bytes: u64,
    /// Most processor time, in seconds.
    pub cpu_seconds: u64,
}

/// Puts the calling process in the cage, for good. Must run before any other thread exists.
pub fn enter(bounds: Bounds) -> Cage {
    Cage { limits: limit(bounds), landlock: linux::landlock(), seccomp: linux::seccomp() }
}

fn limit(bounds: Bounds) -> Guard {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let wanted = [
        (Resource::As, bounds.memory_bytes),
        (Resource::Cpu, bounds.cpu_seconds),
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ];
    let done = wanted
        .into_iter()
        .filter(|(what, most)| {
            setrlimit(*what, Rlimit { current: Some(*most), maximum: Some(*most) }).is_ok()
        })
        .count();
    match done {
        0 => Guard::Absent,
        n if n == wanted.len() => Guard::Full,
        _ => Guard::Partial,
    }
}

mod linux {
    //! Landlock and seccomp of this kernel.

    use std::collections::BTreeMap;

    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope,
    };
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
        apply_filter,
    };

    use super::Guard;

    /// A ruleset that handles every access and allows none.
    pub fn landlock() -> Guard {
        let status = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(ABI::V5))
            .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V5)))
            .and_then(|rules| rules.scope(Scope::from_all(ABI::V6)))
            .and_then(Ruleset::create)
            .and_then(|rules| rules.restrict_self());
        match status.map(|status| status.ruleset) {
            Ok(RulesetStatus::FullyEnforced) => Guard::Full,
            Ok(RulesetStatus::PartiallyEnforced) => Guard::Partial,
            Ok(RulesetStatus::NotEnforced) | Err(_) => Guard::Absent,
        }
    }

    /// Installs the allow-list; `clone3` answers "not known" so that the C library falls back to
    /// `clone`, whose flags can be looked at.
    pub fn seccomp() -> Guard {
        let installed = programs().and_then(|[clone3, allowed]| {
            apply_filter(&clone3).map_err(drop)?;
            apply_filter(&allowed).map_err(drop)
        });
        if installed.is_ok() { Guard::Full } else { Guard::Absent }
    }

    fn programs() -> Result<[BpfProgram; 2], ()> {
        let arch = || std::env::consts::ARCH.try_into().map_err(drop);
        let unknown = SeccompAction::Errno(libc::ENOSYS as u32);
        let refused = SeccompAction::Errno(libc::EPERM as u32);
        let clone3 = SeccompFilter::new(
            BTreeMap::from([(libc::SYS_clone3, Vec::new())]),
            SeccompAction::Allow,
            unknown,
            arch()?,
        );
        let allowed = SeccompFilter::new(allow_list()?, refused, SeccompAction::Allow, arch()?);
        let compile = |filter: Result<SeccompFilter, _>| filter.map_err(drop)?.try_into().map_err(drop);
        Ok([compile(clone3)?, compile(allowed)?])
    }

    /// What pure computing with threads needs: memory, own pipes, own threads, clocks.
    fn allow_list() -> Result<BTreeMap<i64, Vec<SeccompRule>>, ()> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = PLAIN_CALLS.iter().map(|call| (*call, Vec::new())).collect();
        rules.insert(libc::SYS_clone, vec![thread_only()?]);
        Ok(rules)
    }

    const PLAIN_CALLS: [i64; 39] = [
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_lseek,
        libc::SYS_mmap,
        libc::SYS_munmap,
        libc::SYS_mprotect,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_tgkill,
        libc::SYS_prlimit64,
        libc::SYS_restart_syscall,
        libc::SYS_membarrier,
        libc::SYS_getrusage,
        libc::SYS_sysinfo,
        libc::SYS_uname,
        libc::SYS_clock_getres,
        libc::SYS_clone3,
    ];

    /// `clone` only with CLONE_THREAD: a thread of this process, never a new process.
    fn thread_only() -> Result<SeccompRule, ()> {
        let flag = libc::CLONE_THREAD as u64;
        let condition =
            SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flag), flag).map_err(drop)?;
        SeccompRule::new(vec![condition]).map_err(drop)
    }
}
