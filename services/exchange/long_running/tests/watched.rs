//! Who watches exchanges learns of those that no call waits for: they are audited and counted.

use auth_interceptor::Clock;
use serde_json::Value;

use super::*;
use crate::telemetry::audit::{Audit, AuditSettings, Trail};
use crate::telemetry::export::Ratio;
use crate::telemetry::identity::{UserIdentity, UserNaming};
use crate::telemetry::instruments::labels::KnownNames;
use crate::telemetry::metrics::{Metrics, MetricsSettings};
use crate::telemetry::observers::{IdentityObserver, Observers};

#[tokio::test]
async fn what_work_is_given_is_audited_and_counted() {
    let folder = Folder::new();
    let file = folder.0.join("audit.jsonl");
    let clock = Clock::system();
    let naming = UserNaming::Hash { key_file: None };
    let users = Arc::new(UserIdentity::new(&naming, clock.clone()).unwrap());
    let (trail, writing) = Trail::start(&AuditSettings {
        file: Some(file.clone()),
        ..AuditSettings::default()
    })
    .unwrap();
    let metrics = Arc::new(Metrics::new(MetricsSettings {
        authorities: KnownNames::default(),
        servers: KnownNames::default(),
        traces: Ratio::ALL,
        clock: clock.clone(),
    }));
    let audit = Arc::new(Audit::new(trail, Arc::clone(&users), clock));
    let watching: [Arc<dyn IdentityObserver>; 2] = [audit, Arc::clone(&metrics) as _];
    let store = folder.store().await;
    let keys = folder.keys(&[1]);
    let world = World::with(Scripted::new(renewing(0)), |settings| {
        settings.observer = Arc::new(Observers::new(watching));
        settings.refresh_tokens = Some(RefreshTokens {
            store: Arc::clone(&store),
            keys,
        });
    });
    let working = Working {
        world,
        store,
        folder,
    };

    let caller = User::numbered(1).call();
    let session = working.begin(&caller).await;
    working.go_on(&session).await.unwrap();
    let rejecting = |asked: &Asked| Err(refused(asked, RefusalClass::SubjectRejected));
    working.world.authority.now(rejecting);
    working.go_on(&session).await.unwrap_err();
    // The token went with the refusal, and nobody is asked any more.
    working.go_on(&session).await.unwrap_err();
    writing.end().await;

    let text = std::fs::read_to_string(&file).unwrap();
    let entries: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let user = users.of(caller.user().unwrap()).unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| {
            assert_eq!(entry["event"], "exchange");
            assert_eq!(entry[user.key], *user.value);
            assert_eq!(
                entry["selvedge.tenant.id"],
                session.owner.tenant().to_string()
            );
            assert_eq!(entry["selvedge.registration.name"], *session.registration);
            let said = |key: &str| entry[key].as_str().unwrap_or_default();
            [
                said("selvedge.exchange.outcome"),
                said("selvedge.exchange.cache"),
                said("selvedge.refusal.reason"),
            ]
        })
        .collect();
    let expected = [
        ["ok", "miss", ""],
        ["ok", "miss", ""],
        ["user", "miss", "SUBJECT_TOKEN_REJECTED"],
        ["user", "none", "SUBJECT_TOKEN_REJECTED"],
    ];
    assert_eq!(told, expected);

    let page = metrics.text();
    for (outcome, cache, count) in [
        ("ok", "miss", " 2"),
        ("user", "miss", " 1"),
        ("user", "none", " 1"),
    ] {
        let is_counted = |line: &&str| {
            line.starts_with("selvedge_exchange")
                && line.contains(&format!("outcome=\"{outcome}\""))
                && line.contains(&format!("cache=\"{cache}\""))
        };
        let mut lines = page.lines().filter(is_counted);
        assert!(
            lines.any(|line| line.ends_with(count)),
            "{outcome} {cache}: {page}"
        );
    }
}
