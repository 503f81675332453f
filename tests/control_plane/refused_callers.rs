//! Whoever is not Fabric, calling as if they were: every wrong form of the two tokens and the tenant,
//! in both generations.

use emulator::{DeleteType, Generation, HeaderVariant as Variant, WorkloadRequest, seed};

use super::{ControlPlane, assert_refused, fresh, header, path_of};

const CONTOSO: &str = seed::CONTOSO_TENANT_ID;

/// What becomes of a call in each form.
fn expected(variant: Variant) -> (u16, &'static str) {
    match variant {
        Variant::PlainBearer | Variant::OtherVersion => (401, "AUTH_SCHEME_UNSUPPORTED"),
        Variant::NoAuthorization => (401, "CREDENTIALS_MISSING"),
        Variant::AuthorizationTwice => (400, "AUTH_HEADER_DUPLICATED"),
        Variant::EmptySubject => (401, "SUBJECT_TOKEN_REQUIRED"),
        Variant::Swapped
        | Variant::SubjectTwice
        | Variant::AppTwice
        | Variant::SubjectWithIdtyp
        | Variant::AppWithScp
        | Variant::AppWithoutIdtyp => (401, "TOKEN_TYPE_NOT_ALLOWED"),
        Variant::DifferingApplications => (401, "SUBJECT_APP_MISMATCH"),
        Variant::ForeignApplication => (403, "CLIENT_APP_NOT_ALLOWED"),
        Variant::ForeignPublisherTenant | Variant::OtherTenant => (401, "TENANT_MISMATCH"),
        Variant::SubjectOfOtherCloud => (401, "TOKEN_ISSUER_MISMATCH"),
        Variant::ExpiredSubject | Variant::ExpiredApp => (401, "TOKEN_EXPIRED"),
        Variant::TamperedSubject | Variant::TamperedApp => (401, "TOKEN_SIGNATURE_INVALID"),
        Variant::MissingScope => (403, "SCOPE_MISSING"),
        Variant::NoTenant | Variant::TenantTwice | Variant::TenantNotGuid => {
            (400, "TENANT_HEADER_INVALID")
        }
        _ => (400, "AUTH_HEADER_MALFORMED"),
    }
}

#[tokio::test]
async fn every_wrong_form_is_refused_with_its_reason_and_nothing_is_kept() {
    let plane = ControlPlane::start().await;
    for generation in Generation::ALL {
        let good = plane.fabric(generation, seed::CONSENTED);
        let item = fresh("ledger");
        good.create_item(&item).await.unwrap();
        let kept = plane.kept(CONTOSO, &item).await;
        let oversized = |variant: &Variant| *variant == Variant::Oversized;
        let wrong = Variant::malformed().filter(|variant| !oversized(variant));
        for variant in wrong.chain([Variant::EmptySubject]) {
            let forged = good.clone().with_header(variant);
            let (status, reason) = expected(variant);
            let new = fresh(variant.name());
            let reply = forged.create_item(&new).await.unwrap();
            assert_refused(&reply, generation, status, reason);
            assert_eq!(plane.kept(CONTOSO, &new).await, None, "{variant:?}");

            let change = item.clone().with_payload("{}").named("forged");
            let reply = forged.update_item(&change).await.unwrap();
            assert_refused(&reply, generation, status, reason);
            if variant != Variant::EmptySubject {
                let path = path_of(&item);
                let deletion = match generation {
                    Generation::First => WorkloadRequest::new("DELETE", path),
                    Generation::Second => {
                        let path = format!("{path}/onDeleteItem");
                        WorkloadRequest::new("POST", path).with_body(r#"{"deleteType":"Hard"}"#)
                    }
                };
                let reply = forged.send(&deletion).await.unwrap();
                assert_refused(&reply, generation, status, reason);
            }
            assert_eq!(plane.kept(CONTOSO, &item).await, kept, "{variant:?}");
        }
        good.delete_item(&item, DeleteType::Hard).await.unwrap();
        assert_eq!(plane.kept(CONTOSO, &item).await, None);
    }
}

#[tokio::test]
async fn a_header_that_is_too_long_is_refused_before_or_by_its_parser() {
    let plane = ControlPlane::start().await;
    for generation in Generation::ALL {
        let fabric = plane.fabric(generation, seed::CONSENTED);
        let forged = fabric.with_header(Variant::Oversized);
        let item = fresh("ledger");
        let reply = forged.create_item(&item).await.unwrap();
        // How much of it a connection has read when it counts decides which of the two it is.
        assert!([400, 431].contains(&reply.status), "{}", reply.status);
        assert_eq!(plane.kept(CONTOSO, &item).await, None);
    }
}

#[tokio::test]
async fn a_refused_caller_learns_how_to_authenticate_and_nobody_stores_the_answer() {
    let plane = ControlPlane::start().await;
    let fabric = plane.fabric(Generation::First, seed::CONSENTED);
    let forged = fabric.with_header(Variant::ExpiredSubject);
    let reply = forged.item_payload(&fresh("any")).await.unwrap();
    assert_refused(&reply, Generation::First, 401, "TOKEN_EXPIRED");
    let challenge = header(&reply, "www-authenticate");
    assert!(
        challenge.contains(r#"error="invalid_token""#),
        "{challenge}"
    );
    assert_eq!(header(&reply, "cache-control"), "no-store");
    assert!(!header(&reply, "selvedge-trace-id").is_empty());
}
