//! What proving a caller costs, each figure a ratio to its floor measured in the same run.
//!
//! Both sides of a ratio run in short batches that alternate, so that a disturbance of the machine
//! meets both; the ratio reported is the median over the batches.
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
const ROUNDS: usize = 41;

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
    let count = tokens.len() * 4;
    let repeated = |work: &dyn Fn()| (0..4).for_each(|_| work());
    let first = compare(count, &|| repeated(&check), &|| repeated(&raw));
    first.print("P2 first sight / raw verify", Some(1.15));
    compare(count, &|| repeated(&whole), &|| repeated(&raw)).print(
        "P2 first sight, looked up and remembered / raw verify",
        None,
    );
    compare(count, &|| repeated(&read), &|| repeated(&raw))
        .print("P2 decoding and reading alone / raw verify", None);
}

/// P3: a token that is remembered, ten thousand of them in turn.
fn report_remembered(verified: &Verified, token: &str) {
    let tokens: Vec<_> = (0..10_000).map(|number| variant(token, number)).collect();
    let remembered = RememberedTokens::new(1 << 30);
    for token in &tokens {
        remembered.insert(Digest::of(token), verified.apart(), NOW);
    }
    let digest = || {
        for token in &tokens {
            black_box(Digest::of(black_box(token)));
        }
    };
    let find = || {
        for token in &tokens {
            black_box(remembered.find(Digest::of(black_box(token)), NOW).unwrap());
        }
    };
    compare(tokens.len(), &find, &digest).print("P3 remembered / digest", Some(1.15));
}

/// P9: a million remembered tokens, in memory and in time. The entries are filed under digests of
/// numbers, each with claims of its own.
fn report_many(verified: &Verified, token: &str) {
    let few = RememberedTokens::new(1 << 40);
    let many = RememberedTokens::new(1 << 40);
    let digest = |number: u32| Digest::of(&number.to_string());
    let filled = |tokens: &RememberedTokens, count| -> Vec<Digest> {
        (0..count)
            .map(|number| {
                tokens.insert(digest(number), verified.apart(), NOW);
                digest(number)
            })
            .collect()
    };
    let few_digests = filled(&few, 1_000);
    let before = resident_bytes();
    let many_digests = filled(&many, 1_000_000);
    if let (Some(before), Some(after)) = (before, resident_bytes()) {
        let digests = many_digests.len() * size_of::<Digest>();
        let bytes = (after - before - digests) / many_digests.len();
        println!("P9 bytes per token: {bytes} (goal <= 1024)");
    }
    // A hit is a digest and a search; which entry is next is as good as random.
    let hits = |tokens: &RememberedTokens, digests: &[Digest]| {
        let mut next = 1_usize;
        for _ in 0..10_000 {
            next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let digest = digests.get((next >> 33) % digests.len()).unwrap();
            black_box(Digest::of(black_box(token)));
            black_box(tokens.find(*digest, NOW).unwrap());
        }
    };
    let searches = |tokens: &RememberedTokens, digests: &[Digest]| {
        let mut next = 1_usize;
        for _ in 0..10_000 {
            next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let digest = digests.get((next >> 33) % digests.len()).unwrap();
            black_box(tokens.find(*digest, NOW).unwrap());
        }
    };
    compare(10_000, &|| hits(&many, &many_digests), &|| {
        hits(&few, &few_digests)
    })
    .print("P9 hit at 1,000,000 / hit at 1,000", Some(2.0));
    compare(10_000, &|| searches(&many, &many_digests), &|| {
        searches(&few, &few_digests)
    })
    .print("P9 the same without the digest", None);
}

/// Two medians in microseconds, and the median of the ratios.
struct Comparison {
    ratio: f64,
    subject: f64,
    floor: f64,
}

impl Comparison {
    fn print(&self, name: &str, goal: Option<f64>) {
        let goal = goal.map_or_else(String::new, |goal| format!(" (goal <= {goal:.2})"));
        let Self {
            ratio,
            subject,
            floor,
        } = self;
        println!("{name}: {ratio:.2}{goal}; {subject:.2} us to {floor:.2} us");
    }
}

/// Runs both in turns, each `count` times a batch.
fn compare(count: usize, subject: &dyn Fn(), floor: &dyn Fn()) -> Comparison {
    let time = |work: &dyn Fn()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64() * 1e6 / count as f64
    };
    time(subject);
    time(floor);
    let mut rounds: Vec<_> = (0..ROUNDS)
        .map(|round| {
            if round % 2 == 0 {
                let subject = time(subject);
                (subject, time(floor))
            } else {
                let floor = time(floor);
                (time(subject), floor)
            }
        })
        .collect();
    let mut median = |by: fn(&(f64, f64)) -> f64| {
        rounds.sort_by(|one, other| by(one).total_cmp(&by(other)));
        rounds.get(ROUNDS / 2).map(by).unwrap()
    };
    Comparison {
        ratio: median(|(subject, floor)| subject / floor),
        subject: median(|(subject, _)| *subject),
        floor: median(|(_, floor)| *floor),
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
        "acrs": ["p1", "urn:user:registersecurityinfo"],
        "aio": "AZQAa/8YAAAAqkF3dXk2Vvb1VZJmQ0xRcmV0dXJuZWRCeUVudHJhSWRJbkVhY2hUb2tlbg==",
        "amr": ["pwd", "mfa"],
        "azp": "66666666-7777-4888-8999-aaaaaaaaaaaa", "azpacr": "0",
        "groups": ["5d0f7b0e-3d1c-4a0e-9a53-0d2f1a4f7c11", "e2c7c6c4-8f3a-4d0e-b8b1-6d8f5a9f7a22"],
        "ipaddr": "203.0.113.7",
        "name": format!("Ada Example {user}"),
        "oid": format!("9b2f7e64-4f5c-4f8b-9e39-{user:012x}"),
        "preferred_username": format!("ada.{user}@tenant.example"),
        "rh": "0.AXkAW62PD8vZn0ahZXCGdyiVDhERESIiM0RESFVVVVVVVVV5AKk.",
        "scp": "data.read data.write profile.read",
        "sub": "kR3v9Q0nUeV4pQbNn8d7yXo0sZrYJ5mLwQ2hTqWc1fE",
        "tid": TENANT, "uti": format!("u7Wq3Yk1{user:014x}"), "ver": "2.0",
        "wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"], "xms_cc": ["cp1"],
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
