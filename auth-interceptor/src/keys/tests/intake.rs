//! What is admitted from a key set document.

use proptest::prelude::{any, proptest};
use proptest::{prop_assert, sample::Index};
use serde_json::{Value, json};

use super::signer::{P256Signer, RSA, encode, jwks};
use crate::authority::Algorithm;
use crate::issuer::IssuerTemplate;
use crate::keys::jwk::UnusableKey;
use crate::keys::set::{KeySet, KeySetError};

const ALL: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256];

/// A modulus of 2048 bits with the structure of CVE-2017-15361, made for this test.
const ROCA_MODULUS: &str = "2V0teYdNo28Nqdsu9k_G0bykkL7WFeEz6WaPOEHFgqOj5W7uEZOOOKuzBni7KCVFeFGg\
    bE3dTHHHENmBMQUdhTC7juBEZ7UT0oEsz31LtpzSOG5jVAsyybeYHQwjU2ZyqMgfxUhVOIxxR4BcPJKmlBhe-VuLADArDn\
    27fHkFhcrz8SknBE6JnDW1clvcZ5DJ2XOAJnF4lpGzyM9Q-Yg1jxMHbd3_763WlNJBLPWSFWf6TyDEEpwWt4dKDul1RsC-\
    CcJp5lv_FStJilpeTRNdj88y2TPUlJu_oVjeY7S3aR7_SMg3iQ4bwHQfFRmdPXJcIedpMQDJqpgH8weoeX6Wiw";

fn admit(document: &str) -> Result<KeySet, KeySetError> {
    KeySet::admit(document.as_bytes(), &issuer(), &ALL)
}

fn issuer() -> IssuerTemplate {
    IssuerTemplate::new("https://login.example/{tenantid}/v2.0")
}

/// The good key with members of its JWK replaced; `null` takes a member away.
fn altered(changes: Value) -> Value {
    let mut jwk = RSA[1].jwk("altered");
    for (member, value) in changes.as_object().unwrap() {
        if value.is_null() {
            jwk.as_object_mut().unwrap().remove(member);
        } else {
            jwk[member] = value.clone();
        }
    }
    jwk
}

#[test]
fn each_algorithm_verifies_with_its_own_kept_key_and_no_other() {
    let p256 = P256Signer::generate();
    let mut pss = RSA[1].jwk("pss");
    pss["alg"] = json!("PS256");
    let set = admit(&jwks([RSA[0].jwk("pkcs1"), pss, p256.jwk("ec")])).unwrap();
    assert_eq!(set.len(), 3);

    let message = b"header.payload";
    for (kid, algorithm, good, wrong) in [
        (
            "pkcs1",
            Algorithm::Rs256,
            RSA[0].sign_rs256(message),
            RSA[0].sign_ps256(message),
        ),
        (
            "pss",
            Algorithm::Ps256,
            RSA[1].sign_ps256(message),
            RSA[1].sign_rs256(message),
        ),
        (
            "ec",
            Algorithm::Es256,
            p256.sign(message),
            RSA[0].sign_rs256(message),
        ),
    ] {
        let key = set.find(kid).unwrap();
        assert_eq!(key.kid(), kid);
        assert_eq!(key.algorithm(), algorithm);
        assert!(key.verify(message, &good), "{kid}");
        assert!(!key.verify(message, &wrong), "{kid}");
        assert!(!key.verify(b"another message", &good), "{kid}");
        assert!(!key.verify(message, b""), "{kid}");
        assert!(!key.is_withdrawn());
    }
}

#[test]
fn a_key_belongs_to_the_issuer_it_states_or_else_to_the_documents() {
    let set = admit(&jwks([
        altered(json!({ "kid": "silent" })),
        altered(json!({ "kid": "template", "issuer": "https://login.example/{tenantid}/v2.0" })),
        altered(json!({ "kid": "concrete", "issuer": "https://login.example/one/v2.0" })),
    ]))
    .unwrap();
    assert_eq!(set.find("silent").unwrap().issuer(), &issuer());
    assert_eq!(set.find("template").unwrap().issuer(), &issuer());
    assert_eq!(
        set.find("concrete").unwrap().issuer().as_str(),
        "https://login.example/one/v2.0"
    );
}

#[test]
fn thumbprints_are_kept_as_stated() {
    let set = admit(&jwks([
        altered(json!({ "kid": "both", "x5t": "abc", "x5t#S256": "def" })),
        altered(json!({ "kid": "none" })),
    ]))
    .unwrap();
    let both = set.find("both").unwrap();
    assert_eq!((both.x5t(), both.x5t_s256()), (Some("abc"), Some("def")));
    let none = set.find("none").unwrap();
    assert_eq!((none.x5t(), none.x5t_s256()), (None, None));
}

#[test]
fn an_unusable_key_is_refused_alone() {
    for (case, jwk, why) in [
        (
            "encryption key",
            altered(json!({ "use": "enc" })),
            UnusableKey::Purpose,
        ),
        (
            "unknown use",
            altered(json!({ "use": "SIG" })),
            UnusableKey::Purpose,
        ),
        (
            "use of a wrong type",
            altered(json!({ "use": ["sig"] })),
            UnusableKey::Malformed,
        ),
        (
            "key_ops without verify",
            altered(json!({ "key_ops": ["sign", "encrypt"] })),
            UnusableKey::Purpose,
        ),
        (
            "key_ops empty",
            altered(json!({ "key_ops": [] })),
            UnusableKey::Purpose,
        ),
        (
            "key_ops of a wrong type",
            altered(json!({ "key_ops": "verify" })),
            UnusableKey::Malformed,
        ),
        (
            "no kid",
            altered(json!({ "kid": null })),
            UnusableKey::KeyId,
        ),
        (
            "empty kid",
            altered(json!({ "kid": "" })),
            UnusableKey::KeyId,
        ),
        (
            "kid of 257 bytes",
            altered(json!({ "kid": "k".repeat(257) })),
            UnusableKey::KeyId,
        ),
        (
            "kid of a wrong type",
            altered(json!({ "kid": 7 })),
            UnusableKey::Malformed,
        ),
        (
            "symmetric key",
            json!({ "kty": "oct", "kid": "s", "k": "c2VjcmV0" }),
            UnusableKey::Symmetric,
        ),
        (
            "symmetric member",
            altered(json!({ "k": "c2VjcmV0" })),
            UnusableKey::Symmetric,
        ),
        (
            "private exponent",
            altered(json!({ "d": "AQAB" })),
            UnusableKey::Private,
        ),
        (
            "private prime",
            altered(json!({ "p": "AQAB" })),
            UnusableKey::Private,
        ),
        (
            "other primes",
            altered(json!({ "oth": [] })),
            UnusableKey::Private,
        ),
        (
            "unknown key type",
            altered(json!({ "kty": "OKP" })),
            UnusableKey::KeyType,
        ),
        (
            "key type in lower case",
            altered(json!({ "kty": "rsa" })),
            UnusableKey::KeyType,
        ),
        (
            "no key type",
            altered(json!({ "kty": null })),
            UnusableKey::Malformed,
        ),
        (
            "algorithm of another kty",
            altered(json!({ "alg": "ES256" })),
            UnusableKey::Algorithm,
        ),
        (
            "algorithm unknown",
            altered(json!({ "alg": "RS512" })),
            UnusableKey::Algorithm,
        ),
        (
            "symmetric algorithm",
            altered(json!({ "alg": "HS256" })),
            UnusableKey::Algorithm,
        ),
        (
            "no algorithm at all",
            altered(json!({ "alg": "none" })),
            UnusableKey::Algorithm,
        ),
        (
            "ROCA modulus",
            altered(json!({ "n": ROCA_MODULUS })),
            UnusableKey::WeakModulus,
        ),
        (
            "no modulus",
            altered(json!({ "n": null })),
            UnusableKey::Malformed,
        ),
        (
            "modulus in plain base64",
            altered(json!({ "n": "a+/=" })),
            UnusableKey::Malformed,
        ),
        (
            "exponent 1",
            altered(json!({ "e": "AQ" })),
            UnusableKey::Exponent,
        ),
        (
            "exponent 3",
            altered(json!({ "e": "Aw" })),
            UnusableKey::Exponent,
        ),
        (
            "exponent 65536",
            altered(json!({ "e": encode(&[1, 0, 0]) })),
            UnusableKey::Exponent,
        ),
        (
            "exponent with a leading zero",
            altered(json!({ "e": encode(&[0, 1, 0, 1]) })),
            UnusableKey::Exponent,
        ),
        (
            "exponent of 64 bits",
            altered(json!({ "e": encode(&[255; 8]) })),
            UnusableKey::Exponent,
        ),
        (
            "exponent of 72 bits",
            altered(json!({ "e": encode(&[255; 9]) })),
            UnusableKey::Exponent,
        ),
        (
            "empty exponent",
            altered(json!({ "e": "" })),
            UnusableKey::Exponent,
        ),
    ] {
        let set = admit(&jwks([RSA[0].jwk("good"), jwk])).unwrap();
        assert_eq!(set.len(), 1, "{case}");
        assert!(set.find("good").is_some(), "{case}");
        let refused: Vec<_> = set.refused().iter().map(|refused| refused.why).collect();
        assert_eq!(refused, [why], "{case}");
    }
}

#[test]
fn the_size_of_a_modulus_is_counted_in_bits() {
    let of_bits = |bits: usize| {
        let mut modulus = vec![0x5b; bits.div_ceil(8)];
        modulus[0] = 1 << ((bits - 1) % 8);
        *modulus.last_mut().unwrap() |= 1;
        altered(json!({ "n": encode(&modulus) }))
    };
    for bits in [1024, 2047, 8193, 16_384] {
        let set = admit(&jwks([RSA[0].jwk("good"), of_bits(bits)])).unwrap();
        assert_eq!(set.refused()[0].why, UnusableKey::ModulusSize, "{bits}");
    }
    for bits in [2048, 2049, 8192] {
        let set = admit(&jwks([RSA[0].jwk("good"), of_bits(bits)])).unwrap();
        assert_eq!(set.len(), 2, "{bits}");
    }
}

#[test]
fn a_point_must_lie_on_the_curve() {
    let p256 = P256Signer::generate();
    for (case, member, value, why) in [
        ("another curve", "crv", "P-384", UnusableKey::Curve),
        (
            "a curve of another standard",
            "crv",
            "secp256k1",
            UnusableKey::Curve,
        ),
        ("off the curve", "y", &*encode(&[7; 32]), UnusableKey::Curve),
        (
            "short coordinate",
            "x",
            &*encode(&[7; 31]),
            UnusableKey::Malformed,
        ),
        (
            "long coordinate",
            "x",
            &*encode(&[7; 33]),
            UnusableKey::Malformed,
        ),
    ] {
        let mut jwk = p256.jwk("ec");
        jwk[member] = json!(value);
        let set = admit(&jwks([RSA[0].jwk("good"), jwk])).unwrap();
        assert_eq!(set.refused()[0].why, why, "{case}");
    }
}

#[test]
fn a_repeated_member_makes_the_key_unusable_and_not_the_set() {
    let good = RSA[0].jwk("good");
    let twice = RSA[1]
        .jwk("twice")
        .to_string()
        .replacen('{', r#"{"kid":"good","#, 1);
    let set = admit(&format!(r#"{{"keys":[{good},{twice}]}}"#)).unwrap();
    assert_eq!(set.len(), 1);
    assert_eq!(set.refused()[0].why, UnusableKey::Malformed);
}

#[test]
fn an_rsa_key_without_an_algorithm_takes_the_only_one_allowed() {
    let document = jwks([RSA[0].jwk("silent")]);
    for (allowed, expected) in [
        (&ALL[..], Algorithm::Rs256),
        (&[Algorithm::Ps256][..], Algorithm::Ps256),
        (&[Algorithm::Ps256, Algorithm::Rs256][..], Algorithm::Rs256),
    ] {
        let set = KeySet::admit(document.as_bytes(), &issuer(), allowed).unwrap();
        assert_eq!(set.find("silent").unwrap().algorithm(), expected);
    }
    assert_eq!(
        KeySet::admit(document.as_bytes(), &issuer(), &[Algorithm::Es256]).unwrap_err(),
        KeySetError::NoUsableKey
    );
}

#[test]
fn one_key_id_for_two_different_keys_refuses_the_document() {
    for (case, keys) in [
        (
            "two usable keys",
            vec![RSA[0].jwk("same"), RSA[1].jwk("same")],
        ),
        (
            "a usable and an unusable key",
            vec![
                RSA[0].jwk("same"),
                altered(json!({ "kid": "same", "use": "enc" })),
            ],
        ),
        (
            "one key for two issuers",
            vec![
                altered(json!({ "issuer": "https://login.example/one/v2.0" })),
                altered(json!({ "issuer": "https://login.example/two/v2.0" })),
            ],
        ),
        (
            "one key for two algorithms",
            vec![
                altered(json!({ "alg": "RS256" })),
                altered(json!({ "alg": "PS256" })),
            ],
        ),
    ] {
        let document = jwks(keys.into_iter().chain([RSA[2].jwk("other")]));
        assert_eq!(
            admit(&document).unwrap_err(),
            KeySetError::AmbiguousKeyId,
            "{case}"
        );
    }
}

#[test]
fn one_key_written_twice_is_one_key() {
    let set = admit(&jwks([RSA[0].jwk("same"), RSA[0].jwk("same")])).unwrap();
    assert_eq!(set.len(), 1);

    let mut for_encryption = RSA[0].jwk("same");
    for_encryption["use"] = json!("enc");
    let set = admit(&jwks([for_encryption, RSA[0].jwk("same")])).unwrap();
    assert_eq!(set.len(), 1);
}

#[test]
fn a_document_without_a_usable_key_is_refused() {
    for (case, document, error) in [
        (
            "no key",
            r#"{"keys":[]}"#.to_owned(),
            KeySetError::NoUsableKey,
        ),
        (
            "only unusable keys",
            jwks([
                altered(json!({ "use": "enc" })),
                json!({ "kty": "oct", "kid": "s", "k": "" }),
            ]),
            KeySetError::NoUsableKey,
        ),
        (
            "entries that are no objects",
            r#"{"keys":[1,null,"x",[]]}"#.to_owned(),
            KeySetError::NoUsableKey,
        ),
        ("no member", "{}".to_owned(), KeySetError::Malformed),
        (
            "keys not an array",
            r#"{"keys":{}}"#.to_owned(),
            KeySetError::Malformed,
        ),
        (
            "keys null",
            r#"{"keys":null}"#.to_owned(),
            KeySetError::Malformed,
        ),
        (
            "keys twice",
            r#"{"keys":[],"keys":[]}"#.to_owned(),
            KeySetError::Malformed,
        ),
        ("nothing", String::new(), KeySetError::Malformed),
        (
            "a page",
            "<!doctype html><title>Sign in</title>".to_owned(),
            KeySetError::Malformed,
        ),
        (
            "cut short",
            jwks([RSA[0].jwk("good")])[..200].to_owned(),
            KeySetError::Malformed,
        ),
        (
            "trailing data",
            jwks([RSA[0].jwk("good")]) + "{}",
            KeySetError::Malformed,
        ),
    ] {
        assert_eq!(admit(&document).unwrap_err(), error, "{case}");
    }
    assert_eq!(
        KeySet::admit(b"{\"keys\":[\"\xff\"]}", &issuer(), &ALL).unwrap_err(),
        KeySetError::Malformed
    );
}

#[test]
fn a_document_may_hold_a_thousand_keys_and_no_more() {
    let keys = |count: usize| jwks((0..count).map(|n| RSA[0].jwk(&format!("key-{n}"))));
    assert_eq!(admit(&keys(1_000)).unwrap().len(), 1_000);
    assert_eq!(admit(&keys(1_001)).unwrap_err(), KeySetError::TooManyKeys);
    let commas = format!(r#"{{"keys":[{}0]}}"#, "0,".repeat(100_000));
    assert_eq!(admit(&commas).unwrap_err(), KeySetError::TooManyKeys);
}

#[test]
fn a_new_set_carries_over_what_stays_and_withdraws_the_rest() {
    let old = admit(&jwks([
        RSA[0].jwk("stays"),
        RSA[1].jwk("goes"),
        RSA[2].jwk("changes"),
    ]))
    .unwrap();
    let mut new = admit(&jwks([RSA[0].jwk("stays"), RSA[3].jwk("changes")])).unwrap();
    new.succeed(&old);

    assert!(std::sync::Arc::ptr_eq(
        old.find("stays").unwrap(),
        new.find("stays").unwrap()
    ));
    assert!(!old.find("stays").unwrap().is_withdrawn());
    assert!(old.find("goes").unwrap().is_withdrawn());
    assert!(old.find("changes").unwrap().is_withdrawn());
    assert!(!new.find("changes").unwrap().is_withdrawn());
}

#[test]
fn refusals_show_no_more_than_the_head_of_a_key_id() {
    for (kid, shown) in [
        ("abcdefgh-ijkl", "abcdefgh"),
        ("short", "short"),
        ("new\nline", "invalid"),
        ("", "invalid"),
    ] {
        let set = admit(&jwks([
            RSA[0].jwk("good"),
            altered(json!({ "kid": kid, "use": "enc" })),
        ]))
        .unwrap();
        assert_eq!(&*set.refused()[0].kid, shown);
    }
}

proptest! {
    #[test]
    fn a_damaged_document_is_survived(at in any::<Index>(), byte in any::<u8>()) {
        let mut document = jwks([RSA[0].jwk("first"), RSA[1].jwk("second")]).into_bytes();
        let at = at.index(document.len());
        document[at] = byte;
        if let Ok(set) = KeySet::admit(&document, &issuer(), &ALL) {
            prop_assert!((1..=2).contains(&set.len()));
            prop_assert!(set.len() + set.refused().len() <= 2);
        }
    }
}
