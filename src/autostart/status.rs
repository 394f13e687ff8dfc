//! Whether the program is started at login, and as what.

/// What is started at login: the program, then its arguments.
pub type CommandLine = Vec<String>;

/// Whether something is started at login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AutostartStatus {
    /// There is no entry, or the desktop's own tool has disabled it.
    Off,
    /// This command is started.
    On(CommandLine),
}
