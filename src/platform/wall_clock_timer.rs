//! Waking at a moment of the wall clock, and when that clock jumps: after a suspend, or when it is set.

use chrono::{DateTime, Utc};
use std::time::Duration;

/// Why an alarm went off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerEvent {
    /// The moment has come.
    Due,
    /// The clock has jumped: the machine was asleep, or somebody set it.
    Jumped,
}

#[cfg(target_os = "linux")]
pub use timer::WallClockTimer;
#[cfg(not(target_os = "linux"))]
pub use watching::WallClockTimer;

/// Linux: a timer of the kernel that follows the wall clock, through suspends, and tells when that was
/// set. It wakes nobody before.
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

    /// An alarm clock.
    pub struct WallClockTimer(Option<AsyncFd<OwnedFd>>);

    impl WallClockTimer {
        /// An alarm clock that is not set. To be made within the runtime.
        #[expect(clippy::new_without_default, reason = "it needs a runtime")]
        pub fn new() -> WallClockTimer {
            let timer = || -> io::Result<_> {
                let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
                let timer = timerfd_create(TimerfdClockId::Realtime, flags)?;
                // SAFETY: an `OwnedFd` gives the same descriptor for as long as it lives, and the
                // `AsyncFd` owns it.
                Ok(unsafe { AsyncFd::register(timer) }?)
            };
            WallClockTimer(timer().inspect_err(|error| log::warn!("could not make a timer: {error}")).ok())
        }

        /// Waits for a moment, or a jump of the clock.
        pub async fn wait(&self, due: DateTime<Utc>) -> TimerEvent {
            let ahead = (due - crate::platform::clock::now()).to_std().unwrap_or_default();
            let Some(timer) = &self.0 else {
                tokio::time::sleep(ahead).await;
                return TimerEvent::Due;
            };
            if due.timestamp() < 1 {
                // The kernel takes no moment before 1970, and at 1970 itself it switches the timer off.
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

/// Elsewhere: a look at both clocks once a minute. The monotonic one stands still in a suspend, or
/// neither does and the moment comes by itself.
#[cfg(not(target_os = "linux"))]
mod watching {
    use crate::platform::wall_clock_timer::{DateTime, Duration, TimerEvent, Utc};
    use tokio::time::Instant;

    const LOOK: Duration = Duration::from_secs(60);
    const JUMP: Duration = Duration::from_secs(10);

    /// An alarm clock.
    pub struct WallClockTimer;

    impl WallClockTimer {
        /// An alarm clock that is not set.
        #[expect(clippy::new_without_default, reason = "its sibling on Linux has none")]
        pub fn new() -> WallClockTimer {
            WallClockTimer
        }

        /// Waits for a moment, or a jump of the clock.
        pub async fn wait(&self, due: DateTime<Utc>) -> TimerEvent {
            loop {
                let (wall, steady) = (crate::platform::clock::now(), Instant::now());
                let ahead = (due - wall).to_std().unwrap_or_default();
                if ahead.is_zero() {
                    return TimerEvent::Due;
                }
                tokio::time::sleep(ahead.min(LOOK)).await;
                let passed = (crate::platform::clock::now() - wall).to_std().unwrap_or_default();
                if passed.abs_diff(steady.elapsed()) > JUMP {
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
    async fn it_goes_off_when_the_moment_has_come_and_at_once_when_that_is_past() {
        let alarm = WallClockTimer::new();
        let due = crate::platform::clock::now() + TimeDelta::milliseconds(50);
        assert_eq!(alarm.wait(due).await, TimerEvent::Due);
        assert!(crate::platform::clock::now() >= due);
        for past in [
            crate::platform::clock::now() - TimeDelta::hours(1),
            DateTime::<Utc>::UNIX_EPOCH,
            DateTime::<Utc>::MIN_UTC,
        ] {
            assert_eq!(alarm.wait(past).await, TimerEvent::Due);
        }
    }

    #[tokio::test]
    async fn the_last_moment_it_was_set_to_counts() {
        let alarm = WallClockTimer::new();
        let later = crate::platform::clock::now() + TimeDelta::hours(1);
        tokio::select! {
            biased;
            _ = alarm.wait(later) => panic!("too early"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(
            alarm.wait(crate::platform::clock::now() + TimeDelta::milliseconds(20)).await,
            TimerEvent::Due
        );
    }
}
