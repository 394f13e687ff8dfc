//! The identity of the login in a file, from the values that a renewal does not change.

use crate::credentials::file::Document;
use crate::platform::secret::sha256_hex;
use crate::providers::ProviderSpec;
use crate::quota::AccountId;
use crate::quota::identity::Identity;

/// Hexadecimal digits of the hash: 64 bits make a collision between the logins of a folder impossible in practice.
const DIGITS: usize = 16;

/// The identity of a login: its provider, its e-mail address (or `login`) without regard to case, and what the file
/// says of account, organisation and workspace. All of these count, since none is enough alone: one address can
/// belong to two organisations, and the members of a ChatGPT workspace share its `account_id`.
///
/// Where neither address nor account is given, the file name is used instead. A hash of the first token would not do:
/// another program may renew it at any time, and that is still the same login.
///
/// `workspace` is the one that requests are sent for, from wherever it was read.
pub fn identity(
    id: &AccountId,
    spec: &ProviderSpec,
    document: &Document,
    workspace: Option<&str>,
) -> Identity {
    let text = |key: &str| document.text(key);
    let email = text("email").or_else(|| text("login")).map(str::to_lowercase);
    let account = spec.credential.account.and_then(text);
    let organization = spec.credential.organization.iter().find_map(|key| text(key)).or(workspace);
    let file = (email.is_none() && account.is_none()).then_some(id.key());
    let parts = [email.as_deref(), account, organization, file];
    // No part contains a NUL, and a missing part differs from an empty one.
    let joined = parts.map(|part| part.map_or("-".to_owned(), |part| format!("+{part}"))).join("\0");
    Identity(format!("{}/{}", spec.provider.key(), &sha256_hex(joined.as_bytes())[..DIGITS]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::{claude, codex};
    use serde_json::{Value, json};

    fn of(spec: &ProviderSpec, file: &str, value: &Value) -> Identity {
        let document = Document::parse(value.to_string().as_bytes()).expect("an object");
        let workspace = spec.credential.workspace.and_then(|key| document.text(key));
        identity(&AccountId::file(file.into()), spec, &document, workspace)
    }

    fn claude(value: &Value) -> Identity {
        of(&claude::SPEC, "claude.json", value)
    }

    #[test]
    fn renewal_and_case_of_the_address_do_not_change_the_identity() {
        let before = claude(&json!({"email": "Alice@X", "account_uuid": "1", "access_token": "a"}));
        let after = claude(&json!({
            "email": "alice@x", "account_uuid": "1", "access_token": "b", "refresh_token": "c", "expired": 5,
            "last_refresh": "2026-08-22T22:39:03Z", "id_token": "d", "note": "mine", "disabled": true,
        }));
        assert_eq!(before, after);
        let hyphens = claude(&json!({"email": "alice@x", "account-uuid": "1"}));
        assert_eq!(before, hyphens);
        assert!(before.0.starts_with("claude/") && before.0.len() == "claude/".len() + DIGITS, "{before}");
    }

    #[test]
    fn another_person_organization_or_workspace_is_another_identity() {
        let all = [
            claude(&json!({"email": "a@x"})),
            claude(&json!({"email": "b@x"})),
            claude(&json!({"email": "a@x", "account_uuid": "1"})),
            claude(&json!({"email": "a@x", "account_uuid": "2"})),
            claude(&json!({"email": "a@x", "account_uuid": "1", "organization_uuid": "1"})),
            claude(&json!({"email": "a@x", "account_uuid": "1", "organization_uuid": "2"})),
            claude(&json!({"email": "a@x", "organization_name": "Team"})),
            claude(&json!({"login": "a"})),
            of(&codex::SPEC, "codex.json", &json!({"email": "a@x"})),
            of(&codex::SPEC, "codex.json", &json!({"email": "a@x", "account_id": "1"})),
            of(&codex::SPEC, "codex.json", &json!({"email": "b@x", "account_id": "1"})),
            of(&codex::SPEC, "codex.json", &json!({"account_id": "1"})),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(!all[..place].contains(one), "{place}");
        }
    }

    #[test]
    fn file_name_counts_only_without_address_and_account() {
        let named = json!({"email": "a@x"});
        assert_eq!(of(&claude::SPEC, "1.json", &named), of(&claude::SPEC, "2.json", &named));
        let (first, renewed) = (json!({"access_token": "a"}), json!({"access_token": "b"}));
        assert_eq!(of(&claude::SPEC, "1.json", &first), of(&claude::SPEC, "1.json", &renewed));
        assert_ne!(of(&claude::SPEC, "1.json", &first), of(&claude::SPEC, "2.json", &first));
    }
}
