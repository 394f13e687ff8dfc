//! Standard output and standard error: the one place that writes to them, without `print!` and its kin, which panic
//! where nothing can be written. A terminal is closed, a disk is full, and the tray has to go on.
//!
//! Only `tray/terminal.rs` writes beside it, a table that takes the place of the last.

use crate::cli::CommandError;
use crate::text;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether e-mail addresses are left out of messages: `hide_email`.
static HIDES_ADDRESSES: AtomicBool = AtomicBool::new(false);

/// State of the reader of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Yes, as far as one can tell.
    There,
    /// No: `head`, say, has seen enough. That is no error.
    Gone,
}

/// Sets whether addresses in messages are replaced by `<e-mail>` (`hide_email`); they occur in the names of credential
/// files.
pub fn hide_addresses(hide: bool) {
    HIDES_ADDRESSES.store(hide, Ordering::Relaxed);
}

/// Prints to standard output. If it was closed at startup, the text is discarded.
///
/// # Errors
/// It can't be written, though it has a reader: a full disk.
pub fn print(text: &str) -> Result<Reader, CommandError> {
    let mut out = io::stdout().lock();
    told(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Maps the result of a write: a broken pipe is [`Reader::Gone`], other errors are errors.
///
/// # Errors
/// As [`print()`].
pub fn told(written: io::Result<()>) -> Result<Reader, CommandError> {
    match written {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(CommandError::Print(error)),
    }
}

/// Says on standard error what went wrong: `quota-tray: could not …`.
pub fn complain(message: &str) {
    to_stderr(&format!("quota-tray: {message}\n"));
}

/// Writes to standard error, in one piece so that two threads don't share a line. Control characters are escaped: file
/// names and error texts of servers may be part of it. A failed write is ignored: there is nowhere to report it.
pub fn to_stderr(text: &str) {
    let shown = text::visible(text);
    let shown = if HIDES_ADDRESSES.load(Ordering::Relaxed) { text::without_addresses(&shown) } else { shown };
    let _ = io::stderr().write_all(shown.as_bytes());
}
