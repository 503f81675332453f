//! What proving a caller costs, each figure a ratio to its floor measured in the same run.
//!
//! Both sides of a ratio run in short batches that alternate for as long as a machine takes to have
//! a quiet moment for each; the ratio is that of the least disturbed batches.
#![expect(clippy::print_stdout, reason = "a benchmark reports to its reader")]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up has no result"
)]

use std::hint::black_box;
use std::time::Instant;

use auth_interceptor::bench::{Digest, FirstSight, RememberedTokens, Verified};
use auth_interceptor::{Algorithm, Authority, AuthorityKind, IssuerTemplate, Registration};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

const NOW: u64 = 1_800_000_000;
const TENANT: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const CLIENT_ID: &str = "11111111-2222-4333-8444-555555555555";
const ISSUER: &str = "https://login.example/{tenantid}/v2.0";
const ROUNDS: usize = 500;
/// Operations in a batch: short of a time slice of the scheduler.
const BATCH: usize = 200;

fn main() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let tokens: Vec<_> = (0..64).map(|user| token(&pair, user)).collect();
    let first_sight = first_sight(&pair);
    let verified = first_sight.verify(tokens.first().unwrap(), NOW).unwrap();

    println!("token: {} bytes", tokens.first().unwrap().len());
    report_first_sight(&pair, &first_sight, &tokens);
    report_remembered(&verified, tokens.first().unwrap());
    report_many(&verified, tokens.first().unwrap());
}

/// P2: taking apart, reading, verifying, judging and remembering a token never seen before.
fn report_first_sight(pair: &RsaKeyPair, first_sight: &FirstSight, tokens: &[String]) {
    let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key()).unwrap();
    let parts: Vec<_> = tokens
        .iter()
        .map(|token| {
            let (input, signature) = token.rsplit_once('.').unwrap();
            (input, URL_SAFE_NO_PAD.decode(signature).unwrap())
        })
        .collect();
    let raw = || {
        for (input, signature) in &parts {
            key.verify_sig(black_box(input.as_bytes()), signature)
                .unwrap();
        }
    };
    let check = || {
        for token in tokens {
            black_box(first_sight.verify(black_box(token), NOW).unwrap());
        }
    };
    let whole = || {
        let remembered = RememberedTokens::new(1 << 20);
        for token in tokens {
            let digest = Digest::of(black_box(token));
            assert!(remembered.find(digest, NOW).is_none());
            let verified = first_sight.verify(token, NOW).unwrap();
            remembered.insert(digest, verified, NOW);
        }
    };
    let read = || {
        for token in tokens {
            first_sight.read(black_box(token)).unwrap();
        }
    };
    let count = tokens.len();
    compare(count, check, raw).print("P2 first sight / raw verify", Some(1.15));
    compare(count, whole, raw).print("P2 with the search before and the entry after / raw", None);
    compare(count, read, raw).print("P2 decoding and reading alone / raw", None);
}

/// P3: a token that is remembered, ten thousand of them in turn.
fn report_remembered(verified: &Verified, token: &str) {
    let tokens: Vec<_> = (0..10_000).map(|number| variant(token, number)).collect();
    let remembered = RememberedTokens::new(1 << 30);
    for token in &tokens {
        remembered.insert(Digest::of(token), verified.apart(), NOW);
    }
    let mut next = tokens.iter().cycle();
    let digest = || {
        for token in next.by_ref().take(BATCH) {
            black_box(Digest::of(black_box(token)));
        }
    };
    let mut next = tokens.iter().cycle();
    let find = || {
        for token in next.by_ref().take(BATCH) {
            black_box(remembered.find(Digest::of(black_box(token)), NOW).unwrap());
        }
    };
    compare(BATCH, find, digest).print("P3 remembered / digest", Some(1.15));
}

/// P9: a million remembered tokens, in memory and in time. The entries are filed under digests of
/// numbers, each with claims of its own.
fn report_many(verified: &Verified, token: &str) {
    let filled = |tokens: &RememberedTokens, count: u32| -> Vec<Digest> {
        (0..count)
            .map(|number| {
                let digest = Digest::of(&number.to_string());
                tokens.insert(digest, verified.apart(), NOW);
                digest
            })
            .collect()
    };
    let few = RememberedTokens::new(1 << 40);
    let few_digests = filled(&few, 1_000);
    let before = resident_bytes();
    let many = RememberedTokens::new(1 << 40);
    let many_digests = filled(&many, 1_000_000);
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        let digests = many_digests.len() * size_of::<Digest>();
        let bytes = (after - before - digests) / many_digests.len();
        println!("P9 bytes per token: {bytes} (goal <= 1024)");
    }
    let search = |tokens: &RememberedTokens, digest: Digest| {
        black_box(tokens.find(digest, NOW).unwrap());
    };
    // A hit is a digest and a search.
    let hit = |tokens: &RememberedTokens, digest: Digest| {
        black_box(Digest::of(black_box(token)));
        search(tokens, digest);
    };
    compare(
        BATCH,
        anywhere(&many_digests, |digest| hit(&many, digest)),
        anywhere(&few_digests, |digest| hit(&few, digest)),
    )
    .print("P9 hit at 1,000,000 / hit at 1,000", Some(2.0));
    compare(
        BATCH,
        anywhere(&many_digests, |digest| search(&many, digest)),
        anywhere(&few_digests, |digest| search(&few, digest)),
    )
    .print("P9 the search alone", None);
}

/// A batch over digests from all over the list, in an order that no cache foresees.
fn anywhere(digests: &[Digest], work: impl Fn(Digest)) -> impl FnMut() {
    let mut place = 1_u64;
    move || {
        for _ in 0..BATCH {
            place = place
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let index = (place >> 33) as usize % digests.len();
            work(*digests.get(index).unwrap());
        }
    }
}

/// The least disturbed batch of each, in microseconds.
struct Comparison {
    subject: f64,
    floor: f64,
}

impl Comparison {
    fn print(&self, name: &str, goal: Option<f64>) {
        let goal = goal.map_or_else(String::new, |goal| format!(" (goal <= {goal:.2})"));
        let Self { subject, floor } = self;
        let ratio = subject / floor;
        println!("{name}: {ratio:.2}{goal}; {subject:.2} us to {floor:.2} us");
    }
}

/// Runs both in turns, `count` operations a batch.
fn compare(count: usize, mut subject: impl FnMut(), mut floor: impl FnMut()) -> Comparison {
    fn time(work: &mut impl FnMut()) -> f64 {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    }
    let mut best = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        best.0 = time(&mut subject).min(best.0);
        best.1 = time(&mut floor).min(best.1);
    }
    let micros = |seconds: f64| seconds * 1e6 / count as f64;
    Comparison {
        subject: micros(best.0),
        floor: micros(best.1),
    }
}

/// The memory that the process occupies, where the system tells.
fn resident_bytes() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

fn first_sight(pair: &RsaKeyPair) -> FirstSight {
    let issuer = IssuerTemplate::new(ISSUER);
    let authority = Authority {
        name: "entra".to_owned(),
        url: "https://login.example".to_owned(),
        kind: AuthorityKind::Entra {
            issuer_v1: IssuerTemplate::new("https://sts.example/{tenantid}/"),
            issuer_v2: issuer.clone(),
            tenants: vec![TENANT.parse().unwrap()],
        },
        algorithms: vec![Algorithm::Rs256],
        root_certificates_pem: None,
    };
    let registration = Registration {
        name: "workload".to_owned(),
        authority: "entra".to_owned(),
        client_id: CLIENT_ID.to_owned(),
        audiences_v1: Vec::new(),
        audiences: Vec::new(),
        publisher_tenant: None,
        allowed_clients: Vec::new(),
        claims_capable_clients: Vec::new(),
    };
    let public = pair.public_key();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let key_set = json!({"keys": [{
        "kty": "RSA", "use": "sig", "kid": "bench", "issuer": ISSUER,
        "n": encode(public.modulus().big_endian_without_leading_zero()),
        "e": encode(public.exponent().big_endian_without_leading_zero()),
    }]});
    FirstSight::new(
        authority,
        registration,
        &issuer,
        key_set.to_string().as_bytes(),
    )
    .unwrap()
}

/// A user's token as long as Entra's are, about 1.4 kB.
fn token(pair: &RsaKeyPair, user: u32) -> String {
    let header = json!({
        "typ": "JWT", "alg": "RS256", "kid": "bench", "x5t": "nOo3ZDrODXEK1jKWhXslHR_KXEg",
    });
    let claims = json!({
        "aud": CLIENT_ID,
        "iss": ISSUER.replace("{tenantid}", TENANT),
        "iat": NOW - 10, "nbf": NOW - 10, "exp": NOW + 4_210,
        "acct": 0, "acr": "1",
        "aio": "AZQAa/8YAAAAqkF3dXk2Vvb1VZJmQ0xRcmV0dXJuZWRC",
        "amr": ["pwd", "mfa"],
        "azp": "66666666-7777-4888-8999-aaaaaaaaaaaa", "azpacr": "0",
        "ipaddr": "203.0.113.7",
        "name": format!("Ada Example {user}"),
        "oid": format!("9b2f7e64-4f5c-4f8b-9e39-{user:012x}"),
        "preferred_username": format!("ada.{user}@tenant.example"),
        "rh": "0.AXkAW62PD8vZn0ahZXCGdyiVDhERESIiM0RESFVVVVVVVVV5AKk.",
        "scp": "data.read data.write profile.read",
        "sub": "kR3v9Q0nUeV4pQbNn8d7yXo0sZrYJ5mLwQ2hTqWc1fE",
        "tid": TENANT, "uti": format!("u7Wq3Yk1{user:014x}"), "ver": "2.0",
    });
    let encode = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let input = format!("{}.{}", encode(header), encode(claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        input.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Another text of the same length.
fn variant(token: &str, number: u32) -> String {
    let number = number.to_string();
    format!("{number}{}", token.get(number.len()..).unwrap())
}
