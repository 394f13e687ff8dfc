//! The program's handle to the tray icon. The tray library's calls block: on Linux and BSD for as long as a tray host
//! hangs, so there the icon has its own thread; macOS and Windows require the main thread.

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod main_thread;
#[cfg(all(unix, not(target_os = "macos")))]
mod own_thread;
pub mod presence;
mod show;

#[cfg(not(all(unix, not(target_os = "macos"))))]
pub use self::main_thread::TrayHandle;
#[cfg(all(unix, not(target_os = "macos")))]
pub use self::own_thread::TrayHandle;
