//! Tells when something changes in a folder, whether or not it exists yet.

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Watches folders that may come and go.
pub struct FolderWatch {
    watcher: RecommendedWatcher,
    folders: Vec<Folder>,
}

struct Folder {
    path: PathBuf,
    /// What is watched in its place: the folder, or where it does not exist, its nearest ancestor.
    watched: Option<(PathBuf, FileIdentity)>,
}

/// Tells a folder from another that took its name.
type FileIdentity = Option<(u64, u64)>;

impl FolderWatch {
    /// Watches `folders`, each event a word on `changes`. A full channel loses nothing: somebody has
    /// been told and has not looked yet.
    ///
    /// # Errors
    /// No file events to be had from this system; what changes is then seen at the next refresh.
    pub fn new(folders: &[&Path], changes: mpsc::Sender<()>) -> notify::Result<FolderWatch> {
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

    /// Looks again which folders exist. To be called after each event: a folder that was made is
    /// watched from then on, for one that was removed its parent is.
    pub fn rearm(&mut self) {
        for folder in &mut self.folders {
            let target = folder.path.ancestors().find(|path| path.is_dir());
            let target = target.map(|path| (path.to_owned(), identity(path)));
            if target == folder.watched {
                continue;
            }
            if let Some((old, _)) = folder.watched.take() {
                // It fails where the folder is gone, and with it the watch.
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

/// Our own reading is no change, or each look would lead to the next.
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

/// A watched folder can't be replaced on Windows: the watch holds it open.
#[cfg(not(unix))]
fn identity(_path: &Path) -> FileIdentity {
    None
}
