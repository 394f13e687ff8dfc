//! What is freed goes back to the system.

/// A block of this many bytes or more is mapped by itself, and unmapped when it is freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_MAPPING: i32 = 128 * 1024;

/// Keeps the allocator from keeping what is freed. To be called first thing.
///
/// glibc raises its threshold for blocks with a mapping of their own to the largest it has seen freed: after
/// one answer of 1 MiB each further one would leave holes in a heap that does not shrink again. A threshold
/// that is set stays. Other systems' allocators do not learn.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: takes two numbers, and changes nothing that was allocated before.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAPPING);
    }
}
