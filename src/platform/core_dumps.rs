//! Disables core dumps of this program: its memory holds tokens, and copies of them that the HTTP and TLS libraries have
//! freed without wiping.
//!
//! The limit of core dumps is set, rather than `prctl(PR_SET_DUMPABLE, 0)`. The latter would also make the files of
//! /proc/PID belong to root: panels, portals and polkit, which look there for the owner of a window or a message, would not
//! find it, and the user could neither debug nor measure the program. Its extra protection, that other programs of the same
//! user can't read the memory, is worth nothing: they can read the credential files.
//!
//! On Windows nothing is done: crash dumps are made only if the user has enabled them.

use std::process::Command;

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit at the start of the program, for its child processes.
#[cfg(unix)]
static INITIAL_LIMIT: std::sync::OnceLock<Rlimit> = std::sync::OnceLock::new();

/// A limit that prevents dumps.
///
/// Linux ignores a limit of 0 where `kernel.core_pattern` names a program (as systemd-coredump and apport do): it gets
/// the whole memory, and may keep it. A limit of exactly 1 byte makes it give up in both cases
/// (`fs/coredump.c`: "Normally core limits are irrelevant to pipes … but we use cprm.limit of 1 here as a special
/// value"; a file is not created below one page).
#[cfg(unix)]
const NO_DUMP: u64 = if cfg!(target_os = "linux") { 1 } else { 0 };

/// Disables core dumps. To be called before the first token is read.
pub fn disable() {
    #[cfg(unix)]
    {
        let initial = *INITIAL_LIMIT.get_or_init(|| getrlimit(Resource::Core));
        // A soft limit up to the hard one is always allowed.
        let current = initial.maximum.into_iter().chain([NO_DUMP]).min();
        let _ = setrlimit(Resource::Core, Rlimit { current, ..initial });
    }
}

/// Gives a child process the limit that this program was started with.
pub fn restore_in(command: &mut Command) {
    #[cfg(unix)]
    if let Some(limit) = INITIAL_LIMIT.get().copied() {
        let restore = move || Ok(setrlimit(Resource::Core, limit)?);
        // SAFETY: between fork and exec only a system call is made; nothing is allocated.
        unsafe { std::os::unix::process::CommandExt::pre_exec(command, restore) };
    }
    #[cfg(not(unix))]
    let _ = command;
}
