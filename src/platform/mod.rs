//! What the system provides: paths, files, locks, directory watches, timers, the clock, the locale, signals.

pub mod allocator;
pub mod clock;
pub mod code_pages;
pub mod core_dumps;
pub mod debounce;
pub mod file_lock;
pub mod files;
pub mod folder_watch;
pub mod guarded_replace;
pub mod hangup;
pub mod locale;
pub mod opener;
pub mod paths;
pub mod runtime;
pub mod secret;
pub mod signals;
pub mod stdio;
pub mod wall_clock_timer;
