//! The watch on systems other than Linux, by the crate `notify`.

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// A watch on folders, which may be created and removed meanwhile.
pub struct FolderWatch {
    watcher: RecommendedWatcher,
    folders: Vec<Folder>,
}

struct Folder {
    path: PathBuf,
    /// What is watched: the folder itself, or its nearest existing ancestor.
    watched: Option<(PathBuf, FileIdentity)>,
}

/// Device and inode: another folder may have taken the name. `None`: unknown.
type FileIdentity = Option<(u64, u64)>;

impl FolderWatch {
    /// Watches `folders` for as long as the result is kept, and sends to `changes` on each event. A full channel loses
    /// nothing: a change is already pending. `None`: the system provides no file events, which is logged.
    pub fn start(folders: &[&Path], changes: mpsc::Sender<()>) -> Option<FolderWatch> {
        FolderWatch::new(folders, changes)
            .inspect_err(|error| log::warn!("could not watch for changed files: {error}"))
            .ok()
    }

    fn new(folders: &[&Path], changes: mpsc::Sender<()>) -> notify::Result<FolderWatch> {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let relevant = event.is_ok_and(|event| is_change(event.kind));
            if relevant {
                let _ = changes.try_send(());
            }
        })?;
        let folders = folders.iter().map(|path| Folder { path: (*path).to_owned(), watched: None }).collect();
        let mut watch = FolderWatch { watcher, folders };
        watch.rearm();
        Ok(watch)
    }

    /// Checks again which folders exist. To be called after each event: a folder that was created is watched from then
    /// on; in place of one that was removed, its parent is.
    pub fn rearm(&mut self) {
        for folder in &mut self.folders {
            let target = folder.path.ancestors().find(|path| path.is_dir());
            let target = target.map(|path| (path.to_owned(), identity(path)));
            if target == folder.watched {
                continue;
            }
            if let Some((old, _)) = folder.watched.take() {
                // This fails if the folder was removed, and the watch with it.
                let _ = self.watcher.unwatch(&old);
            }
            if let Some((path, identity)) = target {
                match self.watcher.watch(&path, RecursiveMode::NonRecursive) {
                    Ok(()) => folder.watched = Some((path, identity)),
                    Err(error) => log::warn!("could not watch {}: {error}", path.display()),
                }
            }
        }
    }
}

/// Reading a file is not a change, or each refresh would cause the next one.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> FileIdentity {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// On Windows a watched folder can't be replaced: the watch keeps it open.
#[cfg(not(unix))]
fn identity(_path: &Path) -> FileIdentity {
    None
}
