//! The same over TLS, where a browser's calls go over HTTP/2.

use http::Version;
use selvedge::config::TlsFiles;
use selvedge::transport::tls;
use tokio_rustls::TlsAcceptor;

use crate::support::temporary::TemporaryFolder;
use crate::support::web::{self, FORMS};
use crate::support::{Call, READ_DATA, Reply, Setup, read_token};

fn acceptor(certificate: &rcgen::CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let folder = TemporaryFolder::new();
    let [cert_file, key_file] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&cert_file, certificate.cert.pem()).unwrap();
    std::fs::write(&key_file, certificate.signing_key.serialize_pem()).unwrap();
    tls::acceptor(&TlsFiles {
        cert_file,
        key_file,
    })
    .unwrap()
}

#[tokio::test]
async fn a_call_goes_over_tls_in_the_version_that_is_agreed_on() {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let setup = Setup {
        tls: Some(acceptor(&certificate)),
        ..Setup::default()
    };
    let running = setup.start().await;
    let root = certificate.cert.pem();
    let builder = || {
        let root = reqwest::Certificate::from_pem(root.as_bytes()).unwrap();
        let builder = reqwest::Client::builder().no_proxy();
        builder.tls_certs_only([root])
    };
    for (client, version) in [
        (builder(), Version::HTTP_2),
        (builder().http1_only(), Version::HTTP_11),
    ] {
        let client = client.build().unwrap();
        for form in FORMS {
            let url = format!("https://localhost:{}{READ_DATA}", running.address.port());
            let call = client
                .post(url)
                .header("content-type", form.media_type())
                .bearer_auth(read_token(&running.emulator))
                .body(web::call(&Call::to(READ_DATA), form).body);
            let response = call.send().await.unwrap();
            assert_eq!(response.version(), version);
            let mut reply = Reply::new(response.status(), response.headers().clone());
            reply.body = response.bytes().await.unwrap().to_vec();
            assert_eq!(web::reply(&reply).verdict(), "OK", "{form:?}");
        }
    }
}
