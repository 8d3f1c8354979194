//! The browser's system calls. A browser needs hundreds, so this is a list of what it may **not** do: nothing that
//! makes sockets other than Unix ones, mounts, namespaces, modules, keys, tracing, or the parts of the kernel that
//! are mostly known from faults in them.
//!
//! It does not make the browser harmless: it makes the way from the browser into the kernel narrower.

use std::collections::BTreeMap;

use seccompiler::{BpfProgram, sock_filter, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule};

/// The filters, to be applied one after the other. None where the processor is not known.
pub(super) fn programs() -> Option<[BpfProgram; 3]> {
    let mut refused: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.iter().map(|call| (*call, vec![])).collect();
    refused.insert(libc::SYS_socket, vec![other_than_unix()?]);
    refused.insert(libc::SYS_clone, vec![new_namespace()?]);
    // Its flags lie where no filter can read them; told that it does not exist, the C library takes the older call.
    let unread = BTreeMap::from([(libc::SYS_clone3, vec![])]);
    Some([filter(refused, libc::EPERM)?, filter(unread, libc::ENOSYS)?, other_numbers()])
}

/// The first of the numbers by which a kernel may offer the same calls once more (x32, on the x86-64 machine whose name
/// they share): a list of numbers would not know them.
const OTHER_NUMBERS: u32 = 0x4000_0000;

/// Refuses every call by such a number. Written out, because a list has no room for a range.
fn other_numbers() -> BpfProgram {
    let step = |code: u32, jt, jf, k| sock_filter { code: u16::try_from(code).expect("codes of the filter machine are short"), jt, jf, k };
    vec![
        // The number of the call stands first in what a filter is shown (seccomp(2)).
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 1, OTHER_NUMBERS),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs()),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}

fn filter(rules: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> Option<BpfProgram> {
    let arch = std::env::consts::ARCH.try_into().ok()?;
    SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(error.unsigned_abs()), arch).ok()?.try_into().ok()
}

fn other_than_unix() -> Option<SeccompRule> {
    let family = u64::try_from(libc::AF_UNIX).ok()?;
    SeccompRule::new(vec![SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family).ok()?]).ok()
}

/// A user namespace, which would give every other one.
fn new_namespace() -> Option<SeccompRule> {
    let flag = u64::try_from(libc::CLONE_NEWUSER).ok()?;
    SeccompRule::new(vec![SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flag), flag).ok()?]).ok()
}

#[rustfmt::skip]
const REFUSED: &[i64] = &[
    libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root, libc::SYS_chroot, libc::SYS_move_mount, libc::SYS_open_tree,
    libc::SYS_fsopen, libc::SYS_fsconfig, libc::SYS_fsmount, libc::SYS_fspick, libc::SYS_mount_setattr, libc::SYS_unshare, libc::SYS_setns,
    libc::SYS_ptrace, libc::SYS_process_vm_readv, libc::SYS_process_vm_writev, libc::SYS_kcmp, libc::SYS_perf_event_open, libc::SYS_bpf,
    libc::SYS_userfaultfd, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register,
    libc::SYS_keyctl, libc::SYS_add_key, libc::SYS_request_key, libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module,
    libc::SYS_kexec_load, libc::SYS_kexec_file_load, libc::SYS_reboot, libc::SYS_swapon, libc::SYS_swapoff, libc::SYS_acct,
    libc::SYS_open_by_handle_at, libc::SYS_name_to_handle_at, libc::SYS_fanotify_init, libc::SYS_quotactl, libc::SYS_syslog,
    libc::SYS_sethostname, libc::SYS_setdomainname, libc::SYS_settimeofday, libc::SYS_clock_settime, libc::SYS_adjtimex, libc::SYS_clock_adjtime,
    libc::SYS_vhangup, libc::SYS_lookup_dcookie, libc::SYS_nfsservctl, libc::SYS_move_pages, libc::SYS_migrate_pages, libc::SYS_personality,
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use std::io;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    /// What a call says behind the filter, in a process of its own: its error, or none.
    #[expect(unsafe_code, reason = "what happens between fork and exec has no safe form")]
    fn behind_the_filter(call: libc::c_long, argument: libc::c_long) -> Option<i32> {
        let programs = programs().unwrap();
        let inside = move || {
            programs.iter().try_for_each(|program| seccompiler::apply_filter(program).map_err(io::Error::other))?;
            // SAFETY: numbers go in.
            match unsafe { libc::syscall(call, argument, 0, 0, 0) } {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok(()),
            }
        };
        let mut command = Command::new("/bin/true");
        // SAFETY: it takes no lock after fork, and ends or becomes another program.
        unsafe { command.pre_exec(inside) }.status().err().and_then(|error| error.raw_os_error())
    }

    #[test]
    fn a_call_is_refused_by_each_number_that_a_kernel_may_know_it_by() {
        assert_eq!(behind_the_filter(libc::SYS_getpid, 0), None);
        for call in [libc::SYS_unshare, libc::SYS_keyctl] {
            assert_eq!(behind_the_filter(call, 0), Some(libc::EPERM));
            assert_eq!(behind_the_filter(call | i64::from(OTHER_NUMBERS), 0), Some(libc::EPERM));
        }
        assert_eq!(behind_the_filter(libc::SYS_getpid | i64::from(OTHER_NUMBERS), 0), Some(libc::EPERM));
        assert_eq!(behind_the_filter(libc::SYS_socket, i64::from(libc::AF_INET)), Some(libc::EPERM));
        assert_eq!(behind_the_filter(libc::SYS_clone3, 0), Some(libc::ENOSYS));
    }
}
