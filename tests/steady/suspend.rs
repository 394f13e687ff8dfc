//! A suspend: the wall clock advances and the monotonic clock does not.

use quota_tray::engine::SourceSet;
use quota_tray::engine::refresher::{self, Command};
use quota_tray::engine::state_dir::StateDir;
use quota_tray::quota::Snapshot;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The paused clock of the runtime advances only to the next timer on it.
#[tokio::test(start_paused = true)]
async fn refresh_is_due_by_the_wall_clock() {
    let (_commands, inbox) = mpsc::unbounded_channel::<Command>();
    let (sender, mut snapshots) = mpsc::unbounded_channel();
    let publish = move |snapshot: Snapshot| sender.send(snapshot).expect("the test listens");
    let dir = tempfile::tempdir().expect("a folder");
    let sources = Arc::new(SourceSet::new(Vec::new(), None, StateDir::new(dir.path())));
    tokio::spawn(refresher::run(sources, Duration::from_secs(1), Snapshot::default(), inbox, publish));
    let began = Instant::now();
    for round in 0..3 {
        let snapshot = snapshots.recv().await.expect("the refresher runs");
        assert!(!snapshot.refreshing, "{round}");
    }
    assert_eq!(began.elapsed(), Duration::ZERO, "the refresh waited for the monotonic clock");
}
