//! Opens files, folders and web pages with the desktop's default program.

use crate::text;
use std::path::Path;

/// Opens a web page in the browser, without waiting; a failure is logged.
pub fn open_page(address: &str) {
    // The desktop's programs tell addresses from paths.
    open(Path::new(address));
}

/// Opens a file or a folder, without waiting; a failure is logged.
pub fn open(path: &Path) {
    let (path, shown) = (path.to_owned(), text::path(path));
    let shown_in_thread = shown.clone();
    let run = move || {
        if let Err(error) = start_program(&path) {
            log::warn!("could not open {shown_in_thread}: {error}");
        }
    };
    if let Err(error) = std::thread::Builder::new().name("opening".into()).spawn(run) {
        log::warn!("could not open {shown}: could not start a thread: {error}");
    }
}

/// Tries the desktop's programs one after the other, as `open::that_detached` does, which has no way to restore the
/// limit of core dumps for them.
#[cfg(unix)]
fn start_program(path: &Path) -> std::io::Result<()> {
    use std::io::{Error, ErrorKind};
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;
    let mut last_error = Error::from(ErrorKind::NotFound);
    for mut command in open::commands(path) {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        crate::platform::core_dumps::restore_in(&mut command);
        // The program goes on when the tray ends, or the terminal that the tray was started from.
        let new_session = || Ok(rustix::process::setsid().map(drop)?);
        // SAFETY: a system call, which is all that may be done between fork and exec.
        unsafe { command.pre_exec(new_session) };
        match command.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => {
                last_error = Error::other(format!("{} ended with {status}", command.get_program().display()));
            }
            // The failure of an installed program is reported rather than that another one is not installed.
            Err(error) if last_error.kind() == ErrorKind::NotFound => last_error = error,
            Err(_) => {}
        }
    }
    Err(last_error)
}

#[cfg(not(unix))]
fn start_program(path: &Path) -> std::io::Result<()> {
    open::that_detached(path)
}
