//! The buckets known by name.

const HOUR: u64 = 3600;

/// A week, in seconds.
pub const WEEK: u64 = 7 * 24 * HOUR;

/// A quota window with its own key in the response.
pub struct Bucket {
    pub key: &'static str,
    pub title: &'static str,
    pub length_seconds: u64,
}

/// The known buckets, in the order in which they are shown.
pub const BUCKETS: [Bucket; 7] = [
    Bucket { key: "five_hour", title: "5-hour", length_seconds: 5 * HOUR },
    Bucket { key: "seven_day", title: "Weekly", length_seconds: WEEK },
    Bucket { key: "seven_day_opus", title: "Weekly (Opus)", length_seconds: WEEK },
    Bucket { key: "seven_day_sonnet", title: "Weekly (Sonnet)", length_seconds: WEEK },
    Bucket { key: "seven_day_oauth_apps", title: "Weekly (OAuth Apps)", length_seconds: WEEK },
    Bucket { key: "seven_day_cowork", title: "Weekly (Cowork)", length_seconds: WEEK },
    Bucket { key: "seven_day_omelette", title: "Weekly (Omelette)", length_seconds: WEEK },
];

/// Whether `key` is one of [`BUCKETS`].
pub fn is_bucket(key: &str) -> bool {
    BUCKETS.iter().any(|bucket| bucket.key == key)
}
