//! The console of Windows.

/// Attaches to the console that the program was started from: a release build for Windows has no console.
pub fn attach_console() {
    #[cfg(all(windows, not(debug_assertions)))]
    {
        use windows_sys::Win32::System::Console::{ATTACH_PARENT_PROCESS, AttachConsole};
        // SAFETY: takes a number and accesses no memory of this program. It fails if there is no console, and then
        // there is no reader.
        unsafe { AttachConsole(ATTACH_PARENT_PROCESS) };
    }
}
