//! Errors of starting at login.

use std::io;
use std::path::PathBuf;

/// The entry can't be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    /// The entry can't be read.
    #[error("could not read {location}: {source}\nhint: check its owner and its permissions")]
    Read {
        /// Where it is.
        location: String,
        /// The system's error.
        source: io::Error,
    },
    /// The entry can't be changed.
    #[error("could not change {location}: {source}\nhint: check its owner and its permissions")]
    Write {
        /// Where it is.
        location: String,
        /// The system's error.
        source: io::Error,
    },
    /// The path of the program is unknown.
    #[error("could not find the path of this program: {0}")]
    NoProgram(io::Error),
    /// A path that an entry can't hold.
    #[error("could not write {} to the entry: it is not Unicode\nhint: move it to another folder", .0.display())]
    NotUnicode(PathBuf),
}
