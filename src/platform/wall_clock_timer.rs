//! A timer that follows the wall clock, and reports when that clock jumps: after a suspend, or when it is set.

use chrono::{DateTime, Utc};
use std::time::Duration;

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerEvent {
    /// The moment is reached.
    Due,
    /// The clock has jumped: the machine was suspended, or the clock was set.
    Jumped,
}

#[cfg(not(target_os = "linux"))]
pub use polling::WallClockTimer;
#[cfg(target_os = "linux")]
pub use timer::WallClockTimer;

/// Linux: a `timerfd`, which follows the wall clock across suspends and is cancelled when the clock is set. It causes no
/// wake-up before the moment.
#[cfg(target_os = "linux")]
mod timer {
    use crate::platform::wall_clock_timer::{DateTime, Duration, TimerEvent, Utc};
    use rustix::io::Errno;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use std::io;
    use std::os::fd::OwnedFd;
    use tokio::io::unix::AsyncFd;

    /// The timer.
    pub struct WallClockTimer(Option<AsyncFd<OwnedFd>>);

    impl WallClockTimer {
        /// A timer that is not set. To be created within the runtime.
        #[expect(clippy::new_without_default, reason = "it needs a runtime")]
        pub fn new() -> WallClockTimer {
            let timer = || -> io::Result<_> {
                let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
                let timer = timerfd_create(TimerfdClockId::Realtime, flags)?;
                // SAFETY: an `OwnedFd` returns the same descriptor for as long as it lives, and the
                // `AsyncFd` owns it.
                Ok(unsafe { AsyncFd::register(timer) }?)
            };
            WallClockTimer(timer().inspect_err(|error| log::warn!("could not create a timer: {error}")).ok())
        }

        /// Waits until `due`, or until the clock jumps. A later call replaces the moment of an earlier one.
        pub async fn wait(&self, due: DateTime<Utc>) -> TimerEvent {
            let ahead = (due - crate::platform::clock::now()).to_std().unwrap_or_default();
            let Some(timer) = &self.0 else {
                tokio::time::sleep(ahead).await;
                return TimerEvent::Due;
            };
            if due.timestamp() < 1 {
                // The kernel rejects moments before 1970, and a timer set to 1970 itself is switched off.
                tokio::time::sleep(ahead).await;
                return TimerEvent::Due;
            }
            let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
            let nanos = i64::from(due.timestamp_subsec_nanos().min(999_999_999));
            let at = Timespec { tv_sec: due.timestamp(), tv_nsec: nanos as _ };
            let set = Itimerspec { it_interval: zero, it_value: at };
            let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
            if timerfd_settime(timer.get_ref(), flags, &set).is_err() {
                tokio::time::sleep(ahead.max(Duration::from_secs(1))).await;
                return TimerEvent::Due;
            }
            loop {
                let Ok(mut ready) = timer.readable().await else { return TimerEvent::Due };
                let mut count = [0; 8];
                match rustix::io::read(timer.get_ref(), &mut count) {
                    Ok(_) => return TimerEvent::Due,
                    Err(Errno::CANCELED) => return TimerEvent::Jumped,
                    Err(_) => ready.clear_ready(),
                }
            }
        }
    }
}

/// Other systems: both clocks are compared once a minute. Either the monotonic clock stops during a suspend, or both go
/// on and the moment is reached anyway.
#[cfg(not(target_os = "linux"))]
mod polling {
    use crate::platform::wall_clock_timer::{DateTime, Duration, TimerEvent, Utc};
    use tokio::time::Instant;

    const POLL_INTERVAL: Duration = Duration::from_secs(60);
    /// The clocks differ by more than this after a suspend.
    const MIN_JUMP: Duration = Duration::from_secs(10);

    /// The timer.
    pub struct WallClockTimer;

    impl WallClockTimer {
        /// A timer that is not set.
        #[expect(clippy::new_without_default, reason = "the one for Linux has no Default either")]
        pub fn new() -> WallClockTimer {
            WallClockTimer
        }

        /// Waits until `due`, or until the clock jumps. A later call replaces the moment of an earlier one.
        pub async fn wait(&self, due: DateTime<Utc>) -> TimerEvent {
            loop {
                let (wall, steady) = (crate::platform::clock::now(), Instant::now());
                let ahead = (due - wall).to_std().unwrap_or_default();
                if ahead.is_zero() {
                    return TimerEvent::Due;
                }
                tokio::time::sleep(ahead.min(POLL_INTERVAL)).await;
                let passed = (crate::platform::clock::now() - wall).to_std().unwrap_or_default();
                if passed.abs_diff(steady.elapsed()) > MIN_JUMP {
                    return TimerEvent::Jumped;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[tokio::test]
    async fn wait_ends_at_the_moment_and_at_once_if_it_is_past() {
        let timer = WallClockTimer::new();
        let due = crate::platform::clock::now() + TimeDelta::milliseconds(50);
        assert_eq!(timer.wait(due).await, TimerEvent::Due);
        assert!(crate::platform::clock::now() >= due);
        for past in [
            crate::platform::clock::now() - TimeDelta::hours(1),
            DateTime::<Utc>::UNIX_EPOCH,
            DateTime::<Utc>::MIN_UTC,
        ] {
            assert_eq!(timer.wait(past).await, TimerEvent::Due);
        }
    }

    #[tokio::test]
    async fn last_moment_that_was_set_counts() {
        let timer = WallClockTimer::new();
        let later = crate::platform::clock::now() + TimeDelta::hours(1);
        tokio::select! {
            biased;
            _ = timer.wait(later) => panic!("too early"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(
            timer.wait(crate::platform::clock::now() + TimeDelta::milliseconds(20)).await,
            TimerEvent::Due
        );
    }
}
