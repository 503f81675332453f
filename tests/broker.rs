//! A broker: several registrations in one process, a workload and two controls, each with its own
//! credential, its own receivers and its own downstream API. What one may do says nothing of the
//! others.

use emulator::{Emulator, Endpoint, Fault, ScriptedError, TokenRequest, seed};
use selvedge::contracts::exchange::v1::ExchangeTokenResponse;

use crate::exchange::{EXCHANGE, Exchanging, claims_of, marked_as_retry, request};
use crate::support::controls::{COMPANY_PICKER, Control, FILE_PICKER};
use crate::support::{Call, Reply, Setup};

/// The workload and both controls.
async fn broker() -> Exchanging {
    Exchanging::with(Setup {
        controls: vec![COMPANY_PICKER, FILE_PICKER],
        ..Setup::default()
    })
    .await
}

/// A user's token for a control, as the broker page gets it.
fn token_for(emulator: &Emulator, control: &Control, upn: &str) -> String {
    let token = TokenRequest::delegated(upn, control.client_id).client(seed::BROKER_CLIENT_ID);
    emulator.issue(&token.scopes(["token.exchange"]))
}

/// Asks for the control's own scope.
fn call(control: &Control, token: &str) -> Call {
    Call::to(EXCHANGE)
        .bearer(token)
        .message(&request(&[control.scope]))
}

async fn ask(exchanging: &Exchanging, control: &Control, token: &str) -> Reply {
    exchanging.client.send(&call(control, token)).await
}

fn downstream(reply: &Reply) -> serde_json::Value {
    claims_of(&reply.message::<ExchangeTokenResponse>().access_token)
}

#[tokio::test]
async fn each_control_gets_its_own_tokens_by_its_own_credential() {
    let exchanging = broker().await;
    for (control, audience) in [
        (COMPANY_PICKER, seed::GRAPH_URI),
        (FILE_PICKER, seed::STORAGE_URI),
    ] {
        let token = token_for(exchanging.emulator(), &control, seed::CONSENTED);
        let received = downstream(&ask(&exchanging, &control, &token).await);
        assert_eq!(received["aud"], audience);
        assert_eq!(received["appid"], control.client_id);
        assert_eq!(received["oid"], claims_of(&token)["oid"]);
    }
}

#[tokio::test]
async fn consent_to_one_control_changes_nothing_for_the_other() {
    for (consented, other) in [(FILE_PICKER, COMPANY_PICKER), (COMPANY_PICKER, FILE_PICKER)] {
        let exchanging = broker().await;
        let emulator = exchanging.emulator();
        let token = |control| token_for(emulator, control, seed::NO_CONSENT);
        let (its_token, other_token) = (token(&consented), token(&other));
        for (control, token) in [(&consented, &its_token), (&other, &other_token)] {
            let reply = ask(&exchanging, control, token).await;
            assert_eq!(reply.verdict(), "PERMISSION_DENIED CONSENT_REQUIRED");
            let challenge = reply.auth_challenge().unwrap();
            assert_eq!(challenge.additional_scopes_to_consent, [control.scope]);
        }

        // The administrator of the whole tenant consents to one of them.
        let (tenant, client) = (seed::CONTOSO_TENANT_ID, consented.client_id);
        assert!(emulator.grant_tenant_consent(tenant, client, [consented.scope]));
        let retry = marked_as_retry(call(&consented, &its_token));
        let reply = exchanging.client.send(&retry).await;
        assert_eq!(downstream(&reply)["appid"], client);

        for call in [
            marked_as_retry(call(&other, &other_token)),
            call(&other, &token(&other)),
        ] {
            let reply = exchanging.client.send(&call).await;
            assert_eq!(reply.verdict(), "PERMISSION_DENIED CONSENT_REQUIRED");
        }
        // Nor is one control's scope to be had with the other's token.
        let reply = ask(&exchanging, &consented, &other_token).await;
        assert_eq!(
            reply.verdict(),
            "PERMISSION_DENIED DOWNSTREAM_SCOPE_NOT_ALLOWED"
        );
    }
}

#[tokio::test]
pub(crate) async fn a_token_of_one_control_is_never_served_to_the_other() {
    let exchanging = Exchanging::with(Setup {
        controls: vec![FILE_PICKER],
        ..Setup::default()
    })
    .await;
    let emulator = exchanging.emulator();
    // One user, one scope, two registrations: the workload exchanges for storage as well.
    let of_control = token_for(emulator, &FILE_PICKER, seed::CONSENTED);
    let of_workload = exchanging.token(seed::CONSENTED);
    for _ in 0..2 {
        let reply = ask(&exchanging, &FILE_PICKER, &of_control).await;
        assert_eq!(downstream(&reply)["appid"], seed::FILE_PICKER_CLIENT_ID);
        let reply = exchanging.ask(&of_workload).await;
        assert_eq!(downstream(&reply)["appid"], seed::WORKLOAD_CLIENT_ID);
    }
    assert_eq!(exchanging.asked(), 2);
}

#[tokio::test]
async fn what_the_authority_holds_against_one_control_is_not_held_against_the_other() {
    let exchanging = broker().await;
    let emulator = exchanging.emulator();
    assert!(emulator.expire_secret(seed::FILE_PICKER_CLIENT_ID));
    let token = |control| token_for(emulator, control, seed::CONSENTED);
    let reply = ask(&exchanging, &FILE_PICKER, &token(&FILE_PICKER)).await;
    assert_eq!(reply.verdict(), "INTERNAL CLIENT_CREDENTIAL_INVALID");
    assert_eq!(
        reply.error_info().unwrap().metadata["registration"],
        FILE_PICKER.name
    );

    let throttled = Fault::AuthorityError(
        ScriptedError::new(429, "temporarily_unavailable", 90_055).retry_after(60),
    );
    emulator.set_fault(
        Endpoint::OnBehalfOf,
        Some(Fault::Next {
            requests: 1,
            fault: Box::new(throttled),
        }),
    );
    let reply = exchanging.ask(&exchanging.token(seed::CONSENTED)).await;
    assert_eq!(reply.verdict(), "RESOURCE_EXHAUSTED AUTHORITY_THROTTLED");
    let reply = ask(&exchanging, &COMPANY_PICKER, &token(&COMPANY_PICKER)).await;
    assert_eq!(reply.verdict(), "OK");
}

#[tokio::test]
async fn no_registration_receives_for_the_pages_of_another() {
    // The broker page is no receiver of the workload's here; it still is one of the controls'.
    let exchanging = Exchanging::with(Setup {
        token_clients: Vec::new(),
        controls: vec![COMPANY_PICKER],
        ..Setup::default()
    })
    .await;
    let reply = exchanging.ask(&exchanging.token(seed::CONSENTED)).await;
    assert_eq!(reply.verdict(), "PERMISSION_DENIED CLIENT_APP_NOT_ALLOWED");
    let token = token_for(exchanging.emulator(), &COMPANY_PICKER, seed::CONSENTED);
    let reply = ask(&exchanging, &COMPANY_PICKER, &token).await;
    assert_eq!(reply.verdict(), "OK");
}
