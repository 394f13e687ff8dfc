//! Standard output and standard error: the one place that writes to them, without `print!` and `eprintln!`, which panic
//! where nothing can be written. A terminal may be closed and a disk may be full; the tray has to keep running.
//!
//! Only `output/terminal.rs` writes to standard output besides this: a table that replaces the previous one.

use crate::text;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether e-mail addresses are left out of messages: `hide_email`.
static HIDES_ADDRESSES: AtomicBool = AtomicBool::new(false);

/// State of the reader of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// It reads, as far as can be known.
    Present,
    /// It has closed its end: `head`, for example, has read enough. That is no error.
    Gone,
}

/// Standard output can't be written, though it has a reader: a full disk, for example.
#[derive(Debug, thiserror::Error)]
#[error("could not write to standard output: {0}")]
pub struct StdoutError(io::Error);

/// Sets whether addresses in messages are replaced by `<e-mail>` (`hide_email`); they occur in the names of credential
/// files.
pub fn hide_addresses(hide: bool) {
    HIDES_ADDRESSES.store(hide, Ordering::Relaxed);
}

/// Prints to standard output. If it was closed at startup, the text is discarded.
///
/// # Errors
/// It can't be written, though it has a reader.
pub fn print(text: &str) -> Result<Reader, StdoutError> {
    let mut out = io::stdout().lock();
    reader_after(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Maps the result of a write to standard output: a broken pipe is [`Reader::Gone`], other errors are errors.
///
/// # Errors
/// As [`print()`].
pub fn reader_after(write: io::Result<()>) -> Result<Reader, StdoutError> {
    match write {
        Ok(()) => Ok(Reader::Present),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(StdoutError(error)),
    }
}

/// Writes an error message to standard error: `quota-tray: could not …`.
pub fn print_error(message: &str) {
    write_stderr(&format!("quota-tray: {message}\n"));
}

/// Writes to standard error, in one piece so that two threads don't share a line. Control characters are escaped: file
/// names and error texts of servers may be part of it. A failed write is ignored: there is nowhere to report it.
pub fn write_stderr(text: &str) {
    let shown = text::escape_hidden(text);
    let shown = if HIDES_ADDRESSES.load(Ordering::Relaxed) { text::hide_addresses(&shown) } else { shown };
    let _ = io::stderr().write_all(shown.as_bytes());
}
