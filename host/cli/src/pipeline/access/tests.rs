use super::*;
use audex_core::delivery::ToolLogins;

fn minted(expires_at: u64, asked_seconds: Option<u32>) -> Minted {
    Minted {
        variables: Vec::new(),
        files: Vec::new(),
        endpoints: Vec::new(),
        logins: ToolLogins::default(),
        expires_at,
        asked_seconds,
        scoped_policies: None,
        identity: None,
        credential_id: None,
        lease: None,
        settle: None,
        method: "test".to_owned(),
        notices: Vec::new(),
    }
}

#[test]
fn credentials_asked_to_outlive_the_ttl_end_the_command_whatever_the_clocks_say() {
    // The cloud's clock is 900 s behind, so the credentials seem to end at the ttl.
    let access = Access::of(&minted(1_030, Some(900)), 1_000, 30, Some(OnExpiry::Keep));
    assert!(
        access.policy == OnExpiry::End
            && access.ends_at == 1_030
            && access.credentials_end_at.is_some()
    );
}

#[test]
fn credentials_asked_for_the_ttl_let_the_command_go_on_whatever_the_clocks_say() {
    let access = Access::of(&minted(9_999, Some(30)), 1_000, 30, None);
    assert!(access.policy == OnExpiry::Keep && access.credentials_end_at.is_none());
    assert!(access.ends_at <= 1_030 + EXPIRY_SLACK_SECONDS, "a skewed expiry must not be reported");
}

#[test]
fn where_the_lifetime_is_not_known_the_expiry_decides() {
    assert_eq!(Access::of(&minted(1_900, None), 1_000, 30, None).policy, OnExpiry::End);
    assert_eq!(Access::of(&minted(1_030, None), 1_000, 30, None).policy, OnExpiry::Keep);
}

#[test]
fn a_command_that_is_to_be_ended_gets_its_whole_ttl() {
    let access = Access::of(&minted(1_001, Some(2)), 1_000, 2, Some(OnExpiry::End));
    assert_eq!(access.ends_at, 1_002);
}

#[test]
fn renewed_keys_end_before_the_access_and_keys_that_outlive_it_are_not_renewed() {
    let access = Access::renewed(&minted(1_900, Some(900)), 1_000, 3_600, None);
    assert_eq!((access.policy, access.ends_at), (OnExpiry::Keep, 4_600));
    assert_eq!(access.issued_until(&minted(1_900, Some(900))), 1_900);
    let access = Access::renewed(&minted(1_900, Some(900)), 1_000, 30, None);
    assert_eq!((access.policy, access.ends_at), (OnExpiry::End, 1_030));
    assert_eq!(access.issued_until(&minted(1_900, Some(900))), 1_030);
}
