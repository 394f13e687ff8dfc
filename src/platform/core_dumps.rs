//! No core dump of this program: its memory holds tokens, and copies of them that the libraries for HTTP and TLS have
//! let go of without wiping.
//!
//! It is done by the limit of core dumps, and not by `prctl(PR_SET_DUMPABLE, 0)`. That would also give the files of
//! /proc/PID to root: panels, portals and polkit, which look there for whose window or message it is, would take the
//! program for nobody's, and its owner could neither debug nor measure it. What it adds, that other programs of the
//! same user can't read the memory, protects nothing: they can read the credential files.
//!
//! On Windows nothing is done: a crash dump is made if the user has enabled it.

use std::process::Command;

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The soft limit at the start of the program, for what it starts.
#[cfg(unix)]
static AT_THE_START: std::sync::OnceLock<Rlimit> = std::sync::OnceLock::new();

/// A limit with which nothing is dumped.
///
/// Linux ignores a limit of 0 where `kernel.core_pattern` names a program (as systemd-coredump and apport do): it gets
/// the whole memory, and may or may not keep it. A limit of exactly 1 byte makes it give up in both cases
/// (`fs/coredump.c`: "Normally core limits are irrelevant to pipes … but we use cprm.limit of 1 here as a special
/// value"; a file is not begun below one page).
#[cfg(unix)]
const NOTHING: u64 = if cfg!(target_os = "linux") { 1 } else { 0 };

/// Disables core dumps. To be called before the first token is read.
pub fn forbid() {
    #[cfg(unix)]
    {
        let at_the_start = *AT_THE_START.get_or_init(|| getrlimit(Resource::Core));
        // A soft limit up to the hard one is always allowed.
        let current = at_the_start.maximum.into_iter().chain([NOTHING]).min();
        let _ = setrlimit(Resource::Core, Rlimit { current, ..at_the_start });
    }
}

/// Gives a program that is started the limit that this one was started with.
pub fn allow_in(command: &mut Command) {
    #[cfg(unix)]
    if let Some(limit) = AT_THE_START.get().copied() {
        let restore = move || Ok(setrlimit(Resource::Core, limit)?);
        // SAFETY: a system call, which is all that may be done between fork and exec; nothing is allocated.
        unsafe { std::os::unix::process::CommandExt::pre_exec(command, restore) };
    }
    #[cfg(not(unix))]
    let _ = command;
}
