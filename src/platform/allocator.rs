//! What is freed goes back to the system. glibc would keep most of it; other systems' allocators do not.

/// A block of this many bytes or more is mapped by itself, and unmapped when it is freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_MAPPING: i32 = 1024 * 1024;

/// So many free bytes at the end of the heap are kept until [`give_back`].
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const SPARE: i32 = 1024 * 1024;

/// Keeps the allocator from learning to keep what is freed. To be called first thing.
///
/// glibc raises its threshold for blocks with a mapping of their own to the largest it has seen freed: after
/// one answer of 1 MiB each further one would leave holes in a heap that does not shrink again. A threshold
/// that is set stays. And it gives each thread a heap of its own, with holes of its own, whose end it does
/// not give back; the few threads here share one beside the first.
pub fn keep_little() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: each takes two numbers, and changes nothing that was allocated before.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAPPING);
        libc::mallopt(libc::M_TRIM_THRESHOLD, SPARE);
    }
}

/// Gives back every page on which nothing is left, in the middle of a heap as well. A refresh of many accounts
/// leaves some megabytes of them; it takes about a millisecond.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: takes a number, and moves nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
