//! The hourly budget of a Claude account: (requests of the last hour) → now, or not before.
//!
//! Anthropic answers 28–30 requests in any trailing hour for an identity and agent class, Claude Code's own requests
//! included (claude-swap `poll_policy.py`, measured July–August 2026).

use chrono::{DateTime, TimeDelta, Utc};

/// The stretch in which requests are counted.
pub const HOUR: TimeDelta = TimeDelta::hours(1);

/// This part of the budget (one fifth) is reserved for *Refresh now*.
const RESERVE: usize = 5;

/// When the next request may be sent. `None`: now. `asked` are the requests of the last hour in their order, and
/// `per_hour` is how many there may be.
///
/// A request that a person has `demanded` may use up the budget. Automatic ones leave the reserve alone. The first half
/// of their share is free. The rest is spread evenly over the time until the oldest request is an hour old, so that a
/// short refresh interval does not use up the share in minutes and leave old numbers for the rest of the hour.
pub fn next(
    asked: &[DateTime<Utc>],
    per_hour: usize,
    demanded: bool,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let per_hour = per_hour.max(1);
    let share = if demanded { per_hour } else { per_hour - per_hour / RESERVE };
    if asked.len() >= share {
        // The oldest that has to fall out before there is room for one more.
        return Some(asked[asked.len() - share] + HOUR);
    }
    let (Some(first), Some(last)) = (asked.first(), asked.last()) else { return None };
    if demanded || asked.len() < share / 2 {
        return None;
    }
    // The last of these steps ends when the oldest request falls out.
    let steps = i32::try_from(share - asked.len() + 1).unwrap_or(i32::MAX);
    let at = *last + (*first + HOUR - *last) / steps;
    (at > now).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).expect("in range")
    }

    /// The minutes at which a refresh each `interval` minutes sends a request in `hours` hours.
    fn automatic(interval: usize, hours: i64, per_hour: usize) -> Vec<i64> {
        let mut sent: Vec<i64> = Vec::new();
        for minute in (0..hours * 60).step_by(interval) {
            let asked: Vec<_> =
                sent.iter().filter(|at| minute - **at < 60).map(|minute| at(*minute)).collect();
            if next(&asked, per_hour, false, at(minute)).is_none() {
                sent.push(minute);
            }
        }
        sent
    }

    #[test]
    fn refresh_each_minute_is_spread_over_the_hour() {
        let sent = automatic(1, 6, 20);
        let in_the_hour_to =
            |minute: i64| sent.iter().filter(|at| (0..60).contains(&(minute - **at))).count();
        assert!(sent.iter().all(|minute| in_the_hour_to(*minute) <= 16), "{sent:?}");
        let longest = sent.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(longest <= Some(7), "{sent:?}");
        assert!(sent.len() >= 6 * 13, "{sent:?}");
    }

    #[test]
    fn refresh_each_five_minutes_is_not_slowed_down() {
        assert_eq!(automatic(5, 4, 20).len(), 4 * 12);
    }

    #[test]
    fn a_person_has_the_reserve_and_the_whole_budget_is_the_most() {
        let mut asked: Vec<_> = automatic(1, 1, 20).into_iter().map(at).collect();
        let now = at(59);
        assert!(next(&asked, 20, false, now).is_some());
        while next(&asked, 20, true, now).is_none() {
            asked.push(now);
        }
        assert_eq!(asked.len(), 20);
        assert_eq!(next(&asked, 20, true, now), Some(asked[0] + HOUR));
        assert_eq!(next(&asked, 20, false, now), Some(asked[4] + HOUR), "16 at most, by itself");
    }

    #[test]
    fn the_smallest_budgets_have_room_for_one() {
        for per_hour in 0..5 {
            assert_eq!(next(&[], per_hour, false, at(0)), None);
        }
        assert_eq!(next(&[at(0)], 1, false, at(1)), Some(at(60)));
        assert_eq!(next(&[at(0)], 1, true, at(1)), Some(at(60)));
    }
}
