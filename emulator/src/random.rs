//! Unguessable values: codes, refresh tokens, session ids, trace ids.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `N` bytes of the system's randomness.
#[expect(
    clippy::expect_used,
    reason = "the generator fails only when the machine has no entropy at all; no token can be \
              made then"
)]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has a random number generator");
    bytes
}

/// A 256-bit value in base64url, for anything whose possession is a right.
pub(crate) fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// A random GUID as Entra writes them.
pub(crate) fn guid() -> String {
    uuid::Builder::from_random_bytes(bytes())
        .into_uuid()
        .to_string()
}

/// A GUID that the same parts always yield: object ids of a directory that is never stored.
pub(crate) fn derived_guid(parts: &[&str]) -> String {
    let digest = derive(parts);
    let mut bytes = [0; 16];
    bytes
        .iter_mut()
        .zip(digest.as_ref())
        .for_each(|(to, from)| *to = *from);
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .to_string()
}

/// A pairwise identifier in the form of Entra's `sub`: 43 base64url characters.
pub(crate) fn derived_subject(parts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(derive(parts))
}

fn derive(parts: &[&str]) -> digest::Digest {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part.to_ascii_lowercase().as_bytes());
        context.update(&[0]);
    }
    context.finish()
}
