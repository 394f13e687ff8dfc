//! Snapshots over any sequence of scans and responses.

use super::at;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use quota_tray::providers::REGISTRY;
use quota_tray::quota::{
    Account, AccountId, AccountStatus, AccountUsage, Failure, Snapshot, Usage, UsageState, Window,
};

/// A file in the folder, as one scan reads it.
#[derive(Debug, Clone)]
struct File {
    account: Account,
    status: AccountStatus,
    response: Result<Usage, Failure>,
}

fn file(number: usize) -> impl Strategy<Value = File> {
    let email = prop::sample::select(vec!["a@x", "A@x", "b@x", "É@x", "é@x", "", "ß@x"]);
    let provider = prop::sample::select(REGISTRY.providers().collect::<Vec<_>>());
    let status = prop_oneof![
        4 => Just(AccountStatus::Active),
        1 => Just(AccountStatus::Disabled),
        1 => Just(AccountStatus::Failed(Failure::InvalidFile("it is empty".into()))),
    ];
    let response = prop_oneof![2 => usage().prop_map(Ok), 1 => failure().prop_map(Err)];
    (email, provider, status, response).prop_map(move |(email, provider, status, response)| {
        let id = AccountId::file(format!("{number}.json"));
        File {
            account: Account { id, provider, email: email.into(), identity: None, given_name: None },
            status,
            response,
        }
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    let window = (any::<f64>(), prop::option::of(-5_000_i64..5_000), any::<bool>());
    prop::collection::vec(window, 0..4).prop_map(|windows| {
        let windows = windows.into_iter().enumerate().filter_map(|(number, (used, reset, named))| {
            let mut window = Window::new(number.to_string(), "Weekly", used)?;
            (window.resets_at, window.named) = (reset.map(at), named);
            Some(window)
        });
        Usage { windows: windows.collect(), ..Usage::default() }
    })
}

fn failure() -> impl Strategy<Value = Failure> {
    prop::sample::select(vec![
        Failure::Unreachable("host".into()),
        Failure::RateLimited(at(1_000)),
        Failure::Expired("why".into()),
        Failure::SignInAgain,
    ])
}

/// Any of eight files, in any order.
fn scan() -> impl Strategy<Value = Vec<File>> {
    let files: Vec<_> = (0..8).map(|number| prop::option::weighted(0.7, file(number))).collect();
    files.prop_map(|files| files.into_iter().flatten().collect::<Vec<_>>()).prop_shuffle()
}

proptest! {
    #[test]
    fn last_values_stay_with_their_account_in_sorted_order(
        scans in prop::collection::vec((scan(), 1_i64..2_000), 1..12),
    ) {
        let mut snapshot = Snapshot::default();
        let mut now = at(0);
        for (files, seconds) in scans {
            now += TimeDelta::seconds(seconds);
            let before = snapshot;
            let found = files.iter().map(|file| (file.account.clone(), file.status.clone())).collect();
            snapshot = Snapshot::placeholders(&before, found);

            assert!(snapshot.refreshing && snapshot.updated_at == before.updated_at);
            assert_eq!(snapshot.accounts.len(), files.len());
            assert!(snapshot.accounts.is_sorted_by_key(|usage| usage.account.sort_key()));
            for file in &files {
                let usage = snapshot.account_mut(&file.account.id).expect("each file has its row").clone();
                let earlier = before.accounts.iter().find(|earlier| earlier.account.id == usage.account.id);
                assert_before_response(file, &usage, earlier);
                if usage.loading {
                    snapshot.account_mut(&file.account.id).expect("found").record(file.response.clone(), now);
                    assert_after_response(file, &usage, snapshot.account_mut(&file.account.id).expect("found"), now);
                }
            }
            (snapshot.refreshing, snapshot.updated_at) = (false, Some(now));
            assert_lowest_is_minimum(&snapshot, now);
        }
    }
}

/// The properties of an account before its request.
fn assert_before_response(file: &File, usage: &AccountUsage, earlier: Option<&AccountUsage>) {
    assert_eq!(usage.loading, file.status == AccountStatus::Active);
    assert_eq!(usage.disabled, file.status == AccountStatus::Disabled);
    if let AccountStatus::Failed(failure) = &file.status {
        assert_eq!(usage.error.as_ref(), Some(failure));
    }
    let is_broken = matches!(file.status, AccountStatus::Failed(_));
    let same = earlier.filter(|earlier| {
        earlier.account.provider == file.account.provider
            && (is_broken || earlier.account.email == file.account.email)
    });
    match same {
        Some(earlier) => {
            assert_eq!(usage.account, earlier.account);
            assert_eq!((&usage.last_usage, usage.updated_at), (&earlier.last_usage, earlier.updated_at));
        }
        None => {
            assert_eq!(usage.account, file.account);
            assert_eq!((&usage.last_usage, usage.updated_at), (&None, None), "the usage of another account");
        }
    }
}

/// The properties of an account after its response.
fn assert_after_response(file: &File, before: &AccountUsage, after: &AccountUsage, now: DateTime<Utc>) {
    assert!(!after.loading && after.throttled_until.is_none());
    match &file.response {
        Ok(usage) => {
            assert_eq!((after.last_usage.as_ref(), after.updated_at), (Some(usage), Some(now)));
            assert_eq!(after.state(), UsageState::Ok);
        }
        Err(failure) => {
            assert_eq!((&after.last_usage, after.updated_at), (&before.last_usage, before.updated_at));
            assert_eq!(after.error.as_ref(), Some(failure));
            assert!(!matches!(after.state(), UsageState::Ok | UsageState::Loading));
        }
    }
}

/// The lowest window has the minimum of all counted windows, and each percentage is valid.
fn assert_lowest_is_minimum(snapshot: &Snapshot, now: DateTime<Utc>) {
    let counted = snapshot.enabled().flat_map(|usage| {
        usage.windows().iter().filter(|window| window.named && !usage.is_unconfirmed(window, now))
    });
    let left: Vec<_> = counted.map(Window::remaining_percent).collect();
    assert!(left.iter().all(|left| (0.0..=100.0).contains(left)), "{left:?}");
    let lowest = snapshot.lowest(now).map(|(_, window)| window.remaining_percent());
    assert_eq!(lowest, left.iter().copied().min_by(f64::total_cmp));
    let of_providers = REGISTRY.providers().filter_map(|provider| {
        let (usage, window) = snapshot.lowest_of_provider(provider, now)?;
        assert_eq!(usage.account.provider, provider);
        Some(window.remaining_percent())
    });
    assert_eq!(lowest, of_providers.min_by(f64::total_cmp));
}
