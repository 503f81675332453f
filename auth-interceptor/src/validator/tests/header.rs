//! What is refused by the header, before a signature is looked at.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::error::AuthError;
use crate::validator::mint::{
    Fixture, KID, PS256_KID, X5T, change, header, sign, sign_text, user_v1, user_v2,
};

fn token(name: &str, value: Value) -> String {
    let mut header = header();
    change(&mut header, name, Some(value));
    sign(&header, &user_v2())
}

#[test]
fn every_accepted_type_is_accepted() {
    let fixture = Fixture::new();
    for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
        assert!(fixture.verify(&token("typ", json!(typ))).is_ok(), "{typ}");
    }
    let mut untyped = header();
    change(&mut untyped, "typ", None);
    assert!(fixture.verify(&sign(&untyped, &user_v2())).is_ok());
}

#[test]
fn an_algorithm_is_the_keys_own() {
    let fixture = Fixture::new();
    for token in [token("kid", json!(PS256_KID)), token("alg", json!("PS256"))] {
        assert_eq!(fixture.refusal(&token), AuthError::TokenAlgNotAllowed);
    }
}

#[test]
fn an_unsecured_token_is_refused_for_its_algorithm() {
    let fixture = Fixture::new();
    let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let unsigned = |alg: &str| {
        let header = json!({"alg": alg, "kid": KID});
        format!("{}.{}.", encode(&header), encode(&user_v2()))
    };
    assert_eq!(
        fixture.refusal(&unsigned("none")),
        AuthError::TokenAlgNotAllowed
    );
    assert_eq!(
        fixture.refusal(&unsigned("RS256")),
        AuthError::TokenMalformed
    );
}

#[test]
fn a_thumbprint_is_the_keys_own_where_the_key_states_one() {
    let fixture = Fixture::new();
    let mut header = header();
    change(&mut header, "x5t", Some(json!(X5T)));
    assert!(fixture.verify(&sign(&header, &user_v1())).is_ok());
    // The key's document states no SHA-256 thumbprint: there is nothing to compare with.
    assert!(fixture.verify(&token("x5t#S256", json!("other"))).is_ok());
    assert_eq!(
        fixture.refusal(&token("x5t", json!("other"))),
        AuthError::TokenHeaderInvalid
    );
}

#[test]
fn a_nonce_tells_that_the_token_is_for_another_resource() {
    let fixture = Fixture::new();
    let signed = token("nonce", json!("n"));
    assert!(fixture.verify(&signed).is_ok());
    let (input, _) = signed.rsplit_once('.').unwrap();
    assert_eq!(
        fixture.refusal(&format!("{input}.{}", "A".repeat(342))),
        AuthError::TokenSignatureInvalid {
            for_other_resource: true
        }
    );
}

#[test]
fn structure_is_judged_before_the_header_and_the_header_before_the_key() {
    let fixture = Fixture::new();
    let bad = json!({"alg": "none", "kid": "unknown"}).to_string();
    for payload in ["[]", "null", "1", "\"x\"", "", "{\"a\":1,\"a\":1}"] {
        if payload.is_empty() {
            continue;
        }
        assert_eq!(
            fixture.refusal(&sign_text(&bad, payload)),
            AuthError::TokenMalformed,
            "{payload}"
        );
    }
    assert_eq!(
        fixture.refusal(&sign_text(&bad, "{}")),
        AuthError::TokenAlgNotAllowed
    );
    for header in [
        "[]",
        "null",
        "\"x\"",
        r#"{"alg":"RS256","alg":"RS256","kid":"k"}"#,
    ] {
        assert_eq!(
            fixture.refusal(&sign_text(header, "{}")),
            AuthError::TokenMalformed,
            "{header}"
        );
    }
}

#[test]
fn another_tokens_signature_a_shorter_a_longer_and_an_empty_one_do_not_verify() {
    let fixture = Fixture::new();
    let good = sign(&header(), &user_v2());
    let (input, signature) = good.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let other = sign(&header(), &user_v1());
    let other = URL_SAFE_NO_PAD
        .decode(other.rsplit_once('.').unwrap().1)
        .unwrap();
    let mut longer = bytes.clone();
    longer.push(0);
    let mut shifted = vec![0];
    shifted.extend(&bytes);
    for bad in [
        other,
        bytes[..bytes.len() - 1].to_vec(),
        bytes[1..].to_vec(),
        longer,
        shifted,
        vec![0; bytes.len()],
        vec![0xff; bytes.len()],
        vec![0],
    ] {
        let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(bad));
        assert!(matches!(
            fixture.refusal(&token),
            AuthError::TokenSignatureInvalid { .. }
        ));
    }
}

#[test]
fn no_flipped_bit_verifies_in_the_signature() {
    let fixture = Fixture::new();
    let good = sign(&header(), &user_v2());
    let (input, signature) = good.rsplit_once('.').unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let token = format!("{input}.{}", URL_SAFE_NO_PAD.encode(flipped));
        assert!(fixture.verify(&token).is_err(), "bit {bit}");
    }
}

#[test]
fn no_flipped_bit_of_the_text_verifies() {
    let fixture = Fixture::new();
    let good = sign(&header(), &user_v2());
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(token) = String::from_utf8(bytes) {
            assert!(fixture.verify(&token).is_err(), "bit {bit}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_validator_panic(token in any::<String>()) {
        let _ = Fixture::new().verify(&token);
    }

    #[test]
    fn no_json_makes_the_validator_panic(header in "\\{\"alg\":\"RS256\",\"kid\":.{0,40}\\}", payload in "\\{.{0,60}\\}") {
        let _ = Fixture::new().verify(&sign_text(&header, &payload));
    }

    #[test]
    fn no_value_of_a_claim_is_taken_for_another_caller(
        name in prop::sample::select(vec!["iss", "aud", "tid", "ver", "exp", "nbf", "iat"]),
        value in "\\PC{0,40}",
    ) {
        prop_assume!(user_v2()[&name] != json!(value));
        let mut claims = user_v2();
        change(&mut claims, name, Some(json!(value)));
        prop_assert!(Fixture::new().verify(&sign(&header(), &claims)).is_err());
    }
}
