//! Watches folders for changes, whether or not they exist yet.

#[cfg(target_os = "linux")]
mod inotify;
#[cfg(not(target_os = "linux"))]
mod other_systems;

#[cfg(target_os = "linux")]
pub use inotify::FolderWatch;
#[cfg(not(target_os = "linux"))]
pub use other_systems::FolderWatch;
