//! A file or a folder is opened with the desktop's program for it.

use crate::text;
use std::path::Path;

/// Opens it, without waiting; where that fails, it is logged.
pub fn open(path: &Path) {
    let (path, shown) = (path.to_owned(), text::path(path));
    let failed = shown.clone();
    let run = move || {
        if let Err(error) = started(&path) {
            log::warn!("could not open {shown}: {error}");
        }
    };
    if let Err(error) = std::thread::Builder::new().name("opening".into()).spawn(run) {
        log::warn!("could not open {failed}: could not start a thread: {error}");
    }
}

/// Tries the programs that may be there one after the other, as `open::that_detached` does; that one can't be told to
/// give them the limit of core dumps back.
#[cfg(unix)]
fn started(path: &Path) -> std::io::Result<()> {
    use std::io::{Error, ErrorKind};
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;
    let mut failed = Error::from(ErrorKind::NotFound);
    for mut command in open::commands(path) {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        crate::platform::core_dumps::allow_in(&mut command);
        // It outlives the tray, and the terminal that the tray was started from.
        let own_session = || Ok(rustix::process::setsid().map(drop)?);
        // SAFETY: a system call, which is all that may be done between fork and exec.
        unsafe { command.pre_exec(own_session) };
        match command.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => {
                failed = Error::other(format!("{} ended with {status}", command.get_program().display()))
            }
            // One that is not there hides no failure of one that is.
            Err(error) if failed.kind() == ErrorKind::NotFound => failed = error,
            Err(_) => {}
        }
    }
    Err(failed)
}

#[cfg(not(unix))]
fn started(path: &Path) -> std::io::Result<()> {
    open::that_detached(path)
}
