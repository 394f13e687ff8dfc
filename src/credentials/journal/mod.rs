//! The journal of a renewal: the token server's response is written here before anything else is done with it. One file
//! a credential, for its owner only.
//!
//! A page of header is followed by two slots for responses as they come. Their space is allocated before the token is
//! sent, and all is written in place: no step after the response needs new space or a new name. The header is one page,
//! so that a killed process leaves either the old one or the new one. It says which slot the next response goes to. The
//! other keeps the previous response while that may still have to be written into the file again, so that an attempt
//! that fails loses nothing.

mod file;
mod header;
mod layout;

pub use file::{Journal, JournalError, path_of};
pub use header::{FAMILY_DIGITS, Header, RenewalPhase};
pub use layout::MAX_RESPONSE_BYTES;
