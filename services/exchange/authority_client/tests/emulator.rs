//! The client at an Entra that shares no code with it, over HTTP/2.

use std::sync::Arc;

use ::emulator::{ClientCertificate, Emulator, Settings, seed};
use auth_interceptor::Authority;

use super::{PATIENCE, TestClock, registration};
use crate::exchange::credential::tests::fixtures::{TempDir, pairs};
use crate::exchange::{
    AuthorityClient, CredentialSource, ExchangeError, Grant, RefusalClass, Scopes,
    TokenEndpoint as _, TokenResponse,
};

async fn ask(
    emulator: &Emulator,
    clock: &TestClock,
    credential: CredentialSource,
) -> Result<TokenResponse, ExchangeError> {
    let tenant = seed::CONTOSO_TENANT_ID.parse().unwrap();
    let authority = Authority {
        url: emulator.origin().to_owned(),
        root_certificates_pem: Some(emulator.root_certificate_pem().into()),
        ..Authority::entra("entra", vec![tenant])
    };
    let mut registration = registration(authority, credential);
    registration.client_id = seed::DAEMON_CLIENT_ID.to_owned();
    let client = AuthorityClient::new([&registration], &clock.clock()).unwrap();
    let scope = format!("{}/.default", seed::WORKLOAD_URI);
    let grant = Grant::ClientCredentials {
        scopes: Arc::new(Scopes::parse(&[scope]).unwrap()),
    };
    client
        .request(Arc::new(registration), tenant, grant, PATIENCE)
        .await
}

#[tokio::test]
async fn it_takes_our_secret_and_our_certificate_and_no_others() {
    let clock = TestClock::new();
    let time = clock.clone();
    let settings = Settings::new(([127, 0, 0, 1], 0).into(), Arc::new(move || time.now()));
    let emulator = Emulator::start(settings).await.unwrap();
    let [known, unknown] = pairs();
    let certificate = ClientCertificate::from_pem(&known.certificate_pem).unwrap();
    assert!(emulator.add_certificate(seed::DAEMON_CLIENT_ID, certificate));
    let files = TempDir::new();

    let right = CredentialSource::Secret {
        file: files.write("right", seed::DAEMON_SECRET),
    };
    ask(&emulator, &clock, right).await.unwrap();
    let right = CredentialSource::Certificate {
        certificate_file: files.write("right.pem", &known.certificate_pem),
        key_file: files.write("right.key", &known.key_pem),
    };
    ask(&emulator, &clock, right).await.unwrap();

    let wrong = [
        CredentialSource::Secret {
            file: files.write("wrong", "wrong"),
        },
        CredentialSource::Certificate {
            certificate_file: files.write("wrong.pem", &unknown.certificate_pem),
            key_file: files.write("wrong.key", &unknown.key_pem),
        },
    ];
    for credential in wrong {
        let error = ask(&emulator, &clock, credential).await.unwrap_err();
        assert!(
            matches!(&error, ExchangeError::Refused(refusal)
                if refusal.class == RefusalClass::ClientCredential),
            "{error:?}"
        );
    }
    emulator.stop().await;
}
