//! Unmaps the program's own code and constants while it is idle.
//!
//! An idle program uses none of them, but after a refresh all 4.3 MiB of code are mapped. The refresh has used 2.6 MiB of
//! them; at each page fault, Linux maps 16 pages, whether or not they are used. They are unchanged pages of the program's
//! file. Once unmapped, they no longer count as memory of this process, and the system's page cache keeps them until the
//! memory is needed. Mapping them again costs the next refresh some dozens of page faults, but no reads from the disk.

/// Unmaps the program's code and constants. What is used again is mapped again.
pub fn release() {
    #[cfg(target_os = "linux")]
    // SAFETY: the callback has the required signature and does not keep its arguments.
    unsafe {
        libc::dl_iterate_phdr(Some(linux::release_program), std::ptr::null_mut());
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use libc::{MADV_DONTNEED, PF_W, PT_LOAD, c_int, c_void, dl_phdr_info};

    /// Releases the read-only segments of the first object, which is the program. Those of the libraries are shared with
    /// other processes. Segments that can be written are left alone: their pages may differ from the file.
    pub unsafe extern "C" fn release_program(info: *mut dl_phdr_info, _: usize, _: *mut c_void) -> c_int {
        // SAFETY: it takes a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        // SAFETY: the loader passes a valid pointer to the headers of a loaded object.
        let (base, headers) = unsafe {
            let info = &*info;
            (info.dlpi_addr, std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()))
        };
        for header in headers.iter().filter(|header| header.p_type == PT_LOAD && header.p_flags & PF_W == 0) {
            let start = (base + header.p_vaddr) as usize;
            // Only pages that belong to this segment as a whole.
            let (start, end) =
                (start.next_multiple_of(page), (start + header.p_memsz as usize) / page * page);
            if start < end {
                // SAFETY: these pages are mapped from the program's file and can't have been changed, so that they are
                // read from the file again when they are next used. An error changes nothing.
                unsafe { libc::madvise(start as *mut c_void, end - start, MADV_DONTNEED) };
            }
        }
        // Not zero: no further objects.
        1
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The bytes of this program's code that are mapped.
    fn mapped() -> u64 {
        let program = std::env::current_exe().expect("a path");
        let smaps = std::fs::read_to_string("/proc/self/smaps").expect("Linux has it");
        let mut is_code = false;
        let mut sum = 0;
        for line in smaps.lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            if !words[0].ends_with(':') {
                is_code = words[1] == "r-xp" && words.last().is_some_and(|path| program.as_os_str() == *path);
            } else if is_code && words[0] == "Rss:" {
                sum += words[1].parse::<u64>().expect("a number of kB") * 1024;
            }
        }
        sum
    }

    #[test]
    fn code_is_unmapped_and_runs_again() {
        // Other tests in this process map code at the same time.
        let is_less = (0..100).any(|_| {
            let before = mapped();
            release();
            mapped() < before
        });
        assert!(is_less);
        // Constants and code are as before.
        assert_eq!(serde_json::from_str::<Vec<u32>>("[1, 2]").expect("JSON"), [1, 2]);
    }
}
