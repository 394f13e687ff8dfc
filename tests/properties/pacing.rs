//! How often accounts are asked, over any sequence of clicks, ticks and answers.

use super::{account, at};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use quota_tray::engine::budget::{Admission, RequestBudget, RequestLimits};
use quota_tray::quota::{Failure, Provider};

const STRETCH: TimeDelta = TimeDelta::minutes(5);
const ACCOUNTS: usize = 3;

/// What becomes of a question.
#[derive(Debug, Clone)]
enum Reply {
    /// It is broken off, and nobody hears of it again.
    Abandoned,
    /// It was answered, well or not.
    Came(Option<Failure>),
    /// Refused for so many seconds.
    Refused(i64),
}

fn reply() -> impl Strategy<Value = Reply> {
    let failure = prop::sample::select(vec![
        Failure::Server(502),
        Failure::TimedOut(15),
        Failure::ConnectionLost("host".into()),
        Failure::Unreachable("host".into()),
        Failure::InvalidResponse("it is empty".into()),
        Failure::SignInAgain,
    ]);
    // Five minutes is what stands for a provider that did not say.
    let refused = prop_oneof![1 => Just(300), 1 => 1_i64..=86_400];
    prop_oneof![
        1 => Just(Reply::Abandoned),
        4 => Just(Reply::Came(None)),
        4 => failure.prop_map(|failure| Reply::Came(Some(failure))),
        1 => refused.prop_map(Reply::Refused),
    ]
}

fn budget() -> impl Strategy<Value = RequestLimits> {
    (1_u32..8, 1_u32..40)
        .prop_map(|(per_five_minutes, claude_per_hour)| RequestLimits { per_five_minutes, claude_per_hour })
}

/// One wish to ask, some time after the one before.
#[derive(Debug, Clone)]
struct Wish {
    pause: TimeDelta,
    account: usize,
    demanded: bool,
    reply: Reply,
    /// How long the answer takes.
    answer: TimeDelta,
    jitter: f64,
    restart: bool,
    tidy: bool,
}

fn wish() -> impl Strategy<Value = Wish> {
    let pause = prop_oneof![4 => 0_i64..5_000, 2 => 0_i64..120_000, 1 => 0_i64..4_000_000];
    (
        (pause.prop_map(TimeDelta::milliseconds), 0..ACCOUNTS, any::<bool>(), reply()),
        (0_i64..15_000).prop_map(TimeDelta::milliseconds),
        (0.0..=1.0, prop::bool::weighted(0.1), prop::bool::weighted(0.3)),
    )
        .prop_map(|((pause, account, demanded, reply), answer, (jitter, restart, tidy))| Wish {
            pause,
            account,
            demanded,
            reply,
            answer,
            jitter,
            restart,
            tidy,
        })
}

/// An answer that is on its way.
struct Answer {
    comes_at: DateTime<Utc>,
    account: usize,
    failure: Option<Failure>,
    jitter: f64,
}

/// What an account has been through.
#[derive(Default)]
struct Past {
    asked: Vec<DateTime<Utc>>,
    refused_until: Option<DateTime<Utc>>,
}

impl Past {
    fn asked_in(&self, stretch: TimeDelta, now: DateTime<Utc>) -> usize {
        self.asked.iter().filter(|at| now - **at < stretch).count()
    }

    /// Whether the budget has no room for another request by a person.
    fn is_full(&self, number: usize, budget: &RequestLimits, now: DateTime<Utc>) -> bool {
        let hourly = account(number).provider == Provider::CLAUDE
            && self.asked_in(TimeDelta::hours(1), now) >= budget.claude_per_hour as usize;
        hourly || self.asked_in(STRETCH, now) >= budget.per_five_minutes as usize
    }
}

/// Several programs that share one pacing, so that questions overlap.
#[derive(Default)]
struct Play {
    pacing: RequestBudget,
    pasts: [Past; ACCOUNTS],
    under_way: Vec<Answer>,
    verdicts: Vec<Admission>,
}

impl Play {
    /// Plays the wishes that are `of_interest`; the clock and the restarts are those of all.
    fn of(wishes: &[Wish], budget: &RequestLimits, of_interest: impl Fn(&Wish) -> bool) -> Play {
        let mut play = Play::default();
        let mut now = at(0);
        for wish in wishes {
            now += wish.pause;
            play.take_answers(now);
            if wish.restart {
                let kept = serde_json::to_string(&play.pacing).expect("plain data");
                play.pacing = serde_json::from_str(&kept).expect("its own form");
            }
            if wish.tidy {
                play.pacing.prune(now);
            }
            if of_interest(wish) {
                play.wish(wish, budget, now);
            }
        }
        play
    }

    /// May it be asked, and is that right?
    fn wish(&mut self, wish: &Wish, budget: &RequestLimits, now: DateTime<Utc>) {
        let candidate = account(wish.account).into();
        let verdict = self.pacing.admit(&candidate, budget, wish.demanded, now);
        let past = &mut self.pasts[wish.account];
        match verdict {
            Admission::Allowed => {
                assert!(past.refused_until.is_none_or(|until| until <= now), "a cool-down was broken");
                assert!(!past.is_full(wish.account, budget, now), "{:?}", past.asked);
                past.asked.push(now);
                self.ask(wish, now);
            }
            Admission::RateLimited(until) => {
                assert!(until > now);
                assert_eq!(Some(until), past.refused_until, "it cools down by the provider's word alone");
            }
            Admission::Throttled(until) => {
                assert!(until > now && until - now <= TimeDelta::hours(1), "held until {until}");
                let is_full = past.is_full(wish.account, budget, now);
                assert!(is_full || !wish.demanded, "a person was refused with requests left");
            }
        }
        self.verdicts.push(verdict);
    }

    fn ask(&mut self, wish: &Wish, now: DateTime<Utc>) {
        let comes_at = now + wish.answer;
        let (failure, comes_at) = match &wish.reply {
            Reply::Abandoned => return,
            // That nobody is there is known at once.
            Reply::Came(Some(failure @ Failure::Unreachable(_))) => (Some(failure.clone()), now),
            Reply::Came(failure) => (failure.clone(), comes_at),
            Reply::Refused(seconds) => {
                (Some(Failure::RateLimited(comes_at + TimeDelta::seconds(*seconds))), comes_at)
            }
        };
        self.under_way.push(Answer { comes_at, account: wish.account, failure, jitter: wish.jitter });
        self.take_answers(now);
    }

    /// What has come by now is taken note of, in the order in which it came.
    fn take_answers(&mut self, now: DateTime<Utc>) {
        self.under_way.sort_by_key(|answer| answer.comes_at);
        let come = self.under_way.partition_point(|answer| answer.comes_at <= now);
        for Answer { comes_at, account: number, failure, jitter } in self.under_way.drain(..come) {
            let past = &mut self.pasts[number];
            if matches!(failure, Some(Failure::Unreachable(_))) {
                past.asked.pop();
            }
            let shown = self.pacing.record(&account(number), failure.clone(), jitter, comes_at);
            let Some(Failure::RateLimited(told)) = failure else {
                assert_eq!(shown, failure);
                continue;
            };
            let Some(Failure::RateLimited(until)) = shown else { panic!("{shown:?}") };
            let earlier = past.refused_until.unwrap_or(told);
            assert!(until >= told && until >= earlier, "{until} is less than was asked for");
            assert!(until <= told.max(earlier).max(comes_at + TimeDelta::hours(1)), "{until} is too long");
            past.refused_until = Some(until);
        }
    }
}

proptest! {
    #[test]
    fn no_account_is_asked_more_often_than_the_limit_nor_while_it_cools_down(
        wishes in prop::collection::vec(wish(), 1..150),
        budget in budget(),
    ) {
        Play::of(&wishes, &budget, |_| true);
    }

    #[test]
    fn no_account_waits_for_another(
        wishes in prop::collection::vec(wish(), 1..80),
        budget in budget(),
    ) {
        let together = Play::of(&wishes, &budget, |_| true).verdicts;
        for number in 0..ACCOUNTS {
            let alone = Play::of(&wishes, &budget, |wish| wish.account == number).verdicts;
            let among = wishes.iter().zip(&together).filter(|(wish, _)| wish.account == number);
            assert_eq!(alone, among.map(|(_, verdict)| *verdict).collect::<Vec<_>>());
        }
    }

    #[test]
    fn whoever_waits_as_told_is_asked_in_the_end(
        wishes in prop::collection::vec(wish(), 1..80),
        budget in budget(),
        demanded in any::<bool>(),
    ) {
        let mut pacing = Play::of(&wishes, &budget, |_| true).pacing;
        let mut now = wishes.iter().fold(at(0), |now, wish| now + wish.pause);
        // The provider's word, the limits, the pause, the slower pace: each holds once.
        let was_asked = (0..6).any(|_| match pacing.admit(&account(0).into(), &budget, demanded, now) {
            Admission::Allowed => true,
            Admission::RateLimited(until) | Admission::Throttled(until) => {
                now = until;
                false
            }
        });
        assert!(was_asked, "held for ever: {pacing:?}");
    }
}
