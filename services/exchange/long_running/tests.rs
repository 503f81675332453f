//! Work that outlives its call, with a real store and a scripted authority.

mod watched;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::Caller;
use uuid::Uuid;

use super::{LongRunningError, LongRunningSession, RefreshTokens};
use crate::config::Migrate;
use crate::exchange::tests::authority::{Asked, Scripted, issued, refusal, refused};
use crate::exchange::tests::{World, scopes};
use crate::exchange::{
    ClaimsRequest, ExchangeError, Grant, KeyRing, RefusalClass, SealError, TokenResponse,
};
use crate::secret::Secret;
use crate::store::sqlite::SqliteStore;
use crate::store::{Quota, Store, StoreError};
use crate::tests::callers::User;

/// A folder of keys and a store, which goes when the test does.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("selvedge-long-{}", Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    async fn store(&self) -> Arc<dyn Store> {
        let file = self.0.join("selvedge.db");
        let store = SqliteStore::open(&file, Migrate::Auto, Quota::default());
        Arc::new(store.await.unwrap())
    }

    /// A ring of keys that each are one byte many times.
    fn keys(&self, keys: &[u8]) -> Arc<KeyRing> {
        let write = |key: &u8| {
            let file = self.0.join(format!("{key}.key"));
            std::fs::write(&file, [*key; 32]).unwrap();
            file
        };
        let files: Vec<_> = keys.iter().map(write).collect();
        Arc::new(KeyRing::read(&files, RefreshTokens::PURPOSE).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Issues `token-n` with `refresh-n`, each for so many seconds.
fn renewing(seconds: u64) -> impl FnMut(&Asked) -> Result<TokenResponse, ExchangeError> {
    move |asked| {
        Ok(TokenResponse {
            refresh_token: Some(Secret::new(format!("refresh-{}", asked.number))),
            ..issued(asked.number, seconds)
        })
    }
}

struct Working {
    world: World,
    store: Arc<dyn Store>,
    folder: Folder,
}

impl Working {
    async fn new() -> Self {
        let folder = Folder::new();
        let store = folder.store().await;
        let keys = folder.keys(&[1]);
        Self::with(folder, store, keys)
    }

    fn with(folder: Folder, store: Arc<dyn Store>, keys: Arc<KeyRing>) -> Self {
        // Tokens that are over at once, so that every use asks the authority.
        let world = World::with(Scripted::new(renewing(0)), |settings| {
            settings.refresh_tokens = Some(RefreshTokens {
                store: Arc::clone(&store),
                keys,
            });
        });
        Self {
            world,
            store,
            folder,
        }
    }

    /// The same store in a process with other keys.
    fn restarted(self, keys: &[u8]) -> Self {
        let keys = self.folder.keys(keys);
        Self::with(self.folder, self.store, keys)
    }

    async fn begin(&self, caller: &Caller) -> LongRunningSession {
        let subject = caller.subject_token().unwrap();
        self.world
            .exchange
            .keep_for_long_running(subject, &scopes(&["fabric/read"]))
            .await
            .unwrap()
    }

    async fn go_on(&self, session: &LongRunningSession) -> Result<String, LongRunningError> {
        let exchanged = self
            .world
            .exchange
            .exchange_for_long_running(session, &scopes(&["fabric/read"]))
            .await?;
        Ok(exchanged.access_token.expose().to_owned())
    }

    /// The refresh token that the authority was shown last.
    fn shown(&self) -> String {
        let asked = self.world.authority.requests().pop().unwrap();
        match asked.grant {
            Grant::RefreshToken { refresh_token, .. } => refresh_token.expose().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    async fn record(&self, session: &LongRunningSession) -> Vec<u8> {
        let kept = self.store.refresh_token(&session.owner, session.id).await;
        kept.unwrap().sealed.to_vec()
    }

    async fn put(&self, session: &LongRunningSession, record: Vec<u8>) {
        let kept = self.store.refresh_token(&session.owner, session.id).await;
        self.store
            .replace_refresh_token(
                &session.owner,
                session.id,
                record.into(),
                kept.unwrap().etag,
                1,
            )
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn work_goes_on_after_the_call_with_each_token_that_takes_the_lasts_place() {
    let working = Working::new().await;
    let megan = User::numbered(1).call();
    let session = working.begin(&megan).await;
    let first = working.world.authority.requests().remove(0);
    assert!(matches!(
        first.grant,
        Grant::OnBehalfOf { offline: true, .. }
    ));
    drop(megan);

    assert_eq!(working.go_on(&session).await, Ok("token-2".to_owned()));
    assert_eq!(working.shown(), "refresh-1");
    let working = working.restarted(&[1]);
    assert_eq!(working.go_on(&session).await, Ok("token-1".to_owned()));
    assert_eq!(working.shown(), "refresh-2");
}

#[tokio::test]
async fn a_token_at_hand_is_served_without_authority_or_store() {
    let working = Working::new().await;
    working.world.authority.now(renewing(3_600));
    let session = working.begin(&User::numbered(1).call()).await;
    assert_eq!(working.go_on(&session).await, Ok("token-1".to_owned()));
    assert_eq!(working.world.authority.asked(), 1);
}

#[tokio::test]
async fn what_is_kept_does_not_show_the_token() {
    let working = Working::new().await;
    let session = working.begin(&User::numbered(1).call()).await;
    let record = working.record(&session).await;
    assert!(!record.windows(7).any(|part| part == b"refresh"));
    assert!(!format!("{session:?}").contains(session.owner.object_id()));
}

#[tokio::test]
async fn work_fails_as_a_call_does_when_the_authority_wants_the_user() {
    let working = Working::new().await;
    let session = working.begin(&User::numbered(1).call()).await;
    working.world.authority.now(|asked| {
        let mut refusal = refusal(asked, RefusalClass::Interaction);
        refusal.claims = Some(ClaimsRequest::parse("{\"access_token\":{}}").unwrap());
        Err(ExchangeError::Refused(Arc::new(refusal)))
    });
    let failed = working.go_on(&session).await.unwrap_err();
    let LongRunningError::Exchange(ExchangeError::Refused(refusal)) = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(
        refusal.claims.as_ref().unwrap().as_str(),
        "{\"access_token\":{}}"
    );
    // The token may do again once the user has acted: it is kept.
    working.record(&session).await;
}

#[tokio::test]
async fn a_token_that_is_dead_is_deleted() {
    let working = Working::new().await;
    let session = working.begin(&User::numbered(1).call()).await;
    working
        .world
        .authority
        .now(|asked| Err(refused(asked, RefusalClass::SubjectRejected)));
    let failed = working.go_on(&session).await.unwrap_err();
    assert!(matches!(
        failed,
        LongRunningError::Exchange(ExchangeError::Refused(_))
    ));
    let again = working.restarted(&[1]).go_on(&session).await;
    assert_eq!(again, Err(LongRunningError::Store(StoreError::NotFound)));
}

#[tokio::test]
async fn a_record_that_was_tampered_with_or_swapped_opens_for_nobody() {
    let working = Working::new().await;
    let megan = working.begin(&User::numbered(1).call()).await;
    let also_megan = working.begin(&User::numbered(1).call()).await;
    let adele = working.begin(&User::numbered(2).call()).await;
    let tampered = || Err(LongRunningError::Sealed(SealError::Tampered));
    let good = working.record(&megan).await;
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    let others = [
        working.record(&also_megan).await,
        working.record(&adele).await,
    ];
    for record in others.into_iter().chain([changed]) {
        working.put(&megan, record).await;
        assert_eq!(working.go_on(&megan).await, tampered());
    }
    working.put(&megan, good).await;
    let other_registration = LongRunningSession {
        registration: "picker".to_owned(),
        ..megan.clone()
    };
    assert_eq!(working.go_on(&other_registration).await, tampered());
    // Nothing of it went to the authority.
    assert_eq!(working.world.authority.asked(), 3);
    working.go_on(&megan).await.unwrap();
}

#[tokio::test]
async fn a_former_key_opens_and_an_unknown_one_does_not() {
    let working = Working::new().await;
    let session = working.begin(&User::numbered(1).call()).await;
    let working = working.restarted(&[2]);
    assert_eq!(
        working.go_on(&session).await,
        Err(LongRunningError::Sealed(SealError::KeyUnknown))
    );
    // The next token is sealed by the new key.
    let working = working.restarted(&[2, 1]);
    working.go_on(&session).await.unwrap();
    working.restarted(&[2]).go_on(&session).await.unwrap();
}

#[tokio::test]
async fn a_session_of_another_user_does_not_exist() {
    let working = Working::new().await;
    let megan = working.begin(&User::numbered(1).call()).await;
    let adele = working.begin(&User::numbered(2).call()).await;
    let stolen = LongRunningSession {
        id: megan.id,
        ..adele
    };
    assert_eq!(
        working.go_on(&stolen).await,
        Err(LongRunningError::Store(StoreError::NotFound))
    );
}

#[tokio::test]
async fn who_is_forgotten_or_done_leaves_no_token_behind() {
    let working = Working::new().await;
    let megan = working.begin(&User::numbered(1).call()).await;
    let adele = working.begin(&User::numbered(2).call()).await;
    let exchange = &working.world.exchange;
    let forget = exchange.forget(megan.owner.tenant(), Some(megan.owner.object_id()));
    forget.await.unwrap();
    let gone = || Err(LongRunningError::Store(StoreError::NotFound));
    assert_eq!(working.go_on(&megan).await, gone());
    working.go_on(&adele).await.unwrap();
    for _ in 0..2 {
        exchange.end_long_running(&adele).await.unwrap();
    }
    assert_eq!(working.go_on(&adele).await, gone());
}

#[tokio::test]
async fn nothing_is_kept_without_keys_or_without_a_refresh_token() {
    let without_keys = World::new(Scripted::new(renewing(3_600)));
    let megan = User::numbered(1).call();
    let subject = megan.subject_token().unwrap();
    let wanted = scopes(&["fabric/read"]);
    let kept = without_keys
        .exchange
        .keep_for_long_running(subject, &wanted);
    assert_eq!(kept.await, Err(LongRunningError::NoKeys));
    assert_eq!(without_keys.authority.asked(), 0);

    let working = Working::new().await;
    working
        .world
        .authority
        .now(|asked| Ok(issued(asked.number, 3_600)));
    let exchange = &working.world.exchange;
    let kept = exchange.keep_for_long_running(subject, &wanted).await;
    assert!(matches!(
        kept,
        Err(LongRunningError::Exchange(
            ExchangeError::AuthorityResponseInvalid { .. }
        ))
    ));
}

#[tokio::test]
async fn many_pieces_of_one_work_use_its_token_once() {
    let working = Arc::new(Working::new().await);
    let session = working.begin(&User::numbered(1).call()).await;
    working.world.authority.now(renewing(3_600));
    working.world.authority.shut();
    let pieces = (0..100).map(|_| {
        let (working, session) = (Arc::clone(&working), session.clone());
        tokio::spawn(async move { working.go_on(&session).await })
    });
    let pieces: Vec<_> = pieces.collect();
    let asked = working.world.authority.wait_until_asked(2);
    tokio::time::timeout(Duration::from_secs(30), asked)
        .await
        .unwrap();
    working.world.authority.open();
    for piece in pieces {
        assert_eq!(piece.await.unwrap(), Ok("token-2".to_owned()));
    }
    assert_eq!(working.world.authority.asked(), 2);
}
