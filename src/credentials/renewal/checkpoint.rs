//! The points of a renewal at which an observer is called. In the program it writes to the log (`app/context.rs`); in
//! tests it kills the process.

/// A point that a renewal has reached, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checkpoint {
    /// The credential's path is locked.
    Locked,
    /// The file that will replace the credential is there.
    ReplacementMade,
    /// The journal is there, with space for the response.
    JournalPrepared,
    /// The journal says that the token is being sent.
    Sending,
    /// A piece of the response is in the journal.
    PieceStored,
    /// The journal says that the response is complete.
    ResponseStored,
    /// The new content is on disk beside the credential.
    ReplacementWritten,
    /// The credential file has the new token.
    Replaced,
    /// The journal says which token was issued.
    Confirmed,
    /// The journal's responses are wiped.
    Finished,
}
