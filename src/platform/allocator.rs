//! Returns freed memory to the system. glibc would keep most of it; other systems' allocators do not.

/// Blocks of this many bytes or more are mapped separately, and unmapped when they are freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MMAP_THRESHOLD: i32 = 1024 * 1024;

/// This many free bytes at the end of the heap are kept until [`trim`].
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const TRIM_THRESHOLD: i32 = 1024 * 1024;

/// Configures glibc's allocator to keep little free memory. To be called at the start of the program.
///
/// glibc raises its threshold for separate mappings to the largest block it has seen freed: after one response of 1 MiB,
/// each further one would leave holes in a heap that does not shrink again. A threshold that is set explicitly stays. glibc
/// also gives each thread its own heap, whose end it does not return; here all share one, since one thread works at a time.
pub fn configure() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: each takes two numbers, and does not change existing allocations.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD);
        libc::mallopt(libc::M_TRIM_THRESHOLD, TRIM_THRESHOLD);
    }
}

/// Returns every empty page to the system, also in the middle of a heap. A refresh of many accounts leaves some megabytes
/// of them; it takes about a millisecond.
pub fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: takes a number, and does not move memory that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
