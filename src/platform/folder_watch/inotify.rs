//! The watch on Linux: inotify(7), read by a task of the runtime. The crate `notify` has a thread for each watch, and is
//! woken whenever a file in the folder is opened.

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Reading a file is not a change, or each refresh would cause the next one.
const CHANGES: WatchFlags = WatchFlags::ATTRIB
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// In bytes. The longest event is 272 bytes long.
const BUFFER: usize = 1024;

/// A watch on folders, which may be created and removed meanwhile.
pub struct FolderWatch {
    inotify: Arc<AsyncFd<OwnedFd>>,
    folders: Vec<Folder>,
    reader: AbortHandle,
}

struct Folder {
    path: PathBuf,
    /// The watch descriptor of the folder itself, or of its nearest existing ancestor. `None`: nothing is watched.
    watched: Option<i32>,
}

impl FolderWatch {
    /// Watches `folders` for as long as the result is kept, and sends to `changes` on each event. A full channel loses
    /// nothing: a change is already pending. To be called within the runtime. `None`: the system provides no file events,
    /// which is logged.
    pub fn start(folders: &[&Path], changes: mpsc::Sender<()>) -> Option<FolderWatch> {
        FolderWatch::new(folders, changes)
            .inspect_err(|error| log::warn!("could not watch for changed files: {error}"))
            .ok()
    }

    fn new(folders: &[&Path], changes: mpsc::Sender<()>) -> io::Result<FolderWatch> {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        // SAFETY: the `OwnedFd` owns an open descriptor, which is neither replaced nor closed while the `AsyncFd` has it.
        let inotify = Arc::new(unsafe { AsyncFd::register_with_interest(inotify, Interest::READABLE)? });
        let reader = tokio::spawn(send_changes(inotify.clone(), changes)).abort_handle();
        let folders = folders.iter().map(|path| Folder { path: (*path).to_owned(), watched: None }).collect();
        let mut watch = FolderWatch { inotify, folders, reader };
        watch.rearm();
        Ok(watch)
    }

    /// Checks again which folders exist. To be called after each event: a folder that was created is watched from then
    /// on; in place of one that was removed, its parent is.
    pub fn rearm(&mut self) {
        let inotify = self.inotify.get_ref();
        let mut replaced = Vec::new();
        for folder in &mut self.folders {
            let target = folder.path.ancestors().find(|path| path.is_dir());
            // A folder that is watched already keeps its descriptor; another one at the same path gets a new one.
            let watched = target.and_then(|path| {
                inotify::add_watch(inotify, path, CHANGES)
                    .inspect_err(|error| log::warn!("could not watch {}: {error}", path.display()))
                    .ok()
            });
            replaced.extend(std::mem::replace(&mut folder.watched, watched));
        }
        for old in replaced {
            if self.folders.iter().all(|folder| folder.watched != Some(old)) {
                // This fails if the folder was removed, and the watch with it.
                let _ = inotify::remove_watch(inotify, old);
            }
        }
    }
}

impl Drop for FolderWatch {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

async fn send_changes(inotify: Arc<AsyncFd<OwnedFd>>, changes: mpsc::Sender<()>) {
    loop {
        let Ok(mut ready) = inotify.readable().await else { return };
        match has_changes(inotify.get_ref()) {
            Ok(true) => drop(changes.try_send(())),
            Ok(false) => {}
            Err(error) => return log::warn!("could not watch for changed files: {error}"),
        }
        ready.clear_ready();
    }
}

/// Reads all pending events. Returns whether one of them is a change, and not just the end of a watch.
fn has_changes(inotify: &OwnedFd) -> io::Result<bool> {
    let mut buffer = [MaybeUninit::uninit(); BUFFER];
    let mut events = Reader::new(inotify, &mut buffer);
    let mut found = false;
    loop {
        match events.next() {
            Ok(event) => found |= !event.events().contains(ReadFlags::IGNORED),
            Err(Errno::WOULDBLOCK) => return Ok(found),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Waits for a change, and for the events that came with it.
    async fn changed(watch: &mut FolderWatch, changes: &mut mpsc::Receiver<()>) {
        changes.recv().await.expect("the watch exists");
        watch.rearm();
    }

    /// Drops what has happened so far. The task that reads events runs only while this test waits.
    fn forget(watch: &FolderWatch, changes: &mut mpsc::Receiver<()>) {
        has_changes(watch.inotify.get_ref()).expect("readable");
        while changes.try_recv().is_ok() {}
    }

    #[tokio::test]
    async fn folder_is_watched_while_it_is_created_replaced_and_removed() {
        let dir = tempfile::tempdir().expect("a folder");
        let (parent, folder) = (dir.path().join("parent"), dir.path().join("parent/folder"));
        let (sender, mut changes) = mpsc::channel(1);
        let mut watch = FolderWatch::start(&[&folder], sender).expect("inotify");
        for round in 0..3 {
            fs::create_dir(&parent).expect("created");
            changed(&mut watch, &mut changes).await;
            fs::create_dir(&folder).expect("created");
            changed(&mut watch, &mut changes).await;
            let file = folder.join("file");
            fs::write(&file, "").expect("written");
            changed(&mut watch, &mut changes).await;
            // On many file systems the new folder gets the inode number of the old one.
            fs::remove_dir_all(&folder).expect("removed");
            fs::create_dir(&folder).expect("created");
            changed(&mut watch, &mut changes).await;
            forget(&watch, &mut changes);
            fs::write(&file, "").expect("written");
            changed(&mut watch, &mut changes).await;
            fs::remove_dir_all(&parent).expect("removed");
            changed(&mut watch, &mut changes).await;
            assert!(watch.folders[0].watched.is_some(), "round {round}");
        }
    }

    #[tokio::test]
    async fn reading_a_file_is_no_change() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("file");
        fs::write(&file, "content").expect("written");
        let (sender, mut changes) = mpsc::channel(1);
        let mut watch = FolderWatch::start(&[dir.path()], sender).expect("inotify");
        assert_eq!(fs::read(&file).expect("read"), b"content");
        assert!(!has_changes(watch.inotify.get_ref()).expect("readable"));
        fs::write(&file, "").expect("written");
        changed(&mut watch, &mut changes).await;
    }
}
