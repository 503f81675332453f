//! How a forged token is made, as data: the emulator's real one, changed only where the recipe says.
//!
//! Texts may contain `${name}` (see [`Names`]), `<hex:ff>` for bytes and `<repeat:3:abc>` for many.
//! Values that are a text beginning with `@` stand for what TOML cannot say: `@now-61` a time,
//! `@null` null, `@stranger-jwk` a key.

use std::collections::BTreeMap;

use auth_interceptor::UnixSeconds;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use emulator::{Emulator, TokenRequest, TokenVersion, seed};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::forgery;

/// One token.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TokenRecipe {
    version: Option<u8>,
    subject: Subject,
    tenant: Option<String>,
    scopes: Option<Vec<String>>,
    /// Claims to add or replace, and to leave out.
    set: toml::Table,
    remove: Vec<String>,
    header_set: toml::Table,
    header_remove: Vec<String>,
    /// The JSON text itself, in which `$members` stands for the members that there would be.
    header_text: Option<String>,
    payload_text: Option<String>,
    /// How the segments are put together, each as `{segment}` or `{segment:damage}`.
    compact: Option<String>,
    sign: Signer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Subject {
    /// `consented@`, with `data.read`.
    #[default]
    User,
    /// `guest@`, in the tenant that it is a guest of.
    Guest,
    /// The daemon, for itself.
    App,
    /// `consented@`, with the scope of the control plane, as Fabric gets the token.
    FabricUser,
    /// Fabric, for itself.
    Fabric,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Signer {
    /// The authority's key, over what the token says.
    #[default]
    Authority,
    /// A key that nobody published.
    Stranger,
    /// Nothing: the segment is empty.
    None,
    /// HS256 with a public text as the secret.
    HmacPem,
    HmacDer,
    HmacJwk,
    HmacModulus,
    /// Numbers where a signature should be.
    ModulusMinusOne,
    ExponentThree,
    /// The authority's, over another token.
    OtherToken,
}

/// What `${name}` stands for in a case, and `@now`.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    now: i64,
    texts: BTreeMap<&'static str, String>,
}

impl Names {
    pub(crate) fn new(emulator: &Emulator, now: UnixSeconds, planted_url: &str) -> Self {
        let origin = emulator.origin();
        let texts = BTreeMap::from([
            ("origin", origin.to_owned()),
            ("host", origin.trim_start_matches("https://").to_owned()),
            (
                "kid",
                emulator.signing_key(TokenVersion::V2).kid().to_owned(),
            ),
            ("contoso", seed::CONTOSO_TENANT_ID.to_owned()),
            ("CONTOSO", seed::CONTOSO_TENANT_ID.to_uppercase()),
            ("fabrikam", seed::FABRIKAM_TENANT_ID.to_owned()),
            ("workload", seed::WORKLOAD_CLIENT_ID.to_owned()),
            ("WORKLOAD", seed::WORKLOAD_CLIENT_ID.to_uppercase()),
            ("uri", seed::WORKLOAD_URI.to_owned()),
            ("URI", seed::WORKLOAD_URI.replace("api://", "API://")),
            ("ledger", seed::LEDGER_CLIENT_ID.to_owned()),
            ("fabric", seed::FABRIC_CLIENT_ID.to_owned()),
            ("daemon", seed::DAEMON_CLIENT_ID.to_owned()),
            ("planted", planted_url.to_owned()),
        ]);
        Self {
            now: i64::try_from(now).unwrap(),
            texts,
        }
    }

    /// Fills names and repetitions into a text.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.texts {
            filled = filled.replace(&format!("${{{name}}}"), value);
        }
        repeated(&filled)
    }

    /// The same, with `<hex:…>` as the bytes that it stands for.
    pub(crate) fn bytes(&self, text: &str) -> Vec<u8> {
        let filled = self.fill(text);
        let mut bytes = Vec::new();
        let mut rest = filled.as_str();
        while let Some((before, after)) = rest.split_once("<hex:") {
            let (digits, after) = after.split_once('>').expect("<hex:…> ends");
            bytes.extend(before.as_bytes());
            bytes.extend(unhex(digits));
            rest = after;
        }
        bytes.extend(rest.as_bytes());
        bytes
    }

    fn value(&self, value: &toml::Value) -> Value {
        match value {
            toml::Value::String(text) => self.text_value(text),
            toml::Value::Integer(number) => json!(number),
            toml::Value::Float(number) => json!(number),
            toml::Value::Boolean(truth) => json!(truth),
            toml::Value::Array(values) => values.iter().map(|value| self.value(value)).collect(),
            toml::Value::Table(members) => Value::Object(self.members(members)),
            toml::Value::Datetime(_) => panic!("a claim is no TOML time"),
        }
    }

    fn text_value(&self, text: &str) -> Value {
        match text {
            "@null" => Value::Null,
            "@stranger-jwk" => forgery::stranger().jwk("${kid}"),
            "@stranger-x5c" => {
                let key = forgery::stranger();
                json!([STANDARD.encode(forgery::public_key_der(key.modulus(), key.exponent()))])
            }
            _ => match text.strip_prefix("@now") {
                Some("") => json!(self.now),
                Some(offset) => {
                    json!(self.now + offset.parse::<i64>().expect("a number of seconds"))
                }
                None => json!(self.fill(text)),
            },
        }
    }

    fn members(&self, members: &toml::Table) -> Map<String, Value> {
        members
            .iter()
            .map(|(name, value)| (self.fill(name), self.value(value)))
            .collect()
    }
}

/// A real token, taken apart.
pub(crate) struct Parts {
    pub(crate) header: Map<String, Value>,
    pub(crate) payload: Map<String, Value>,
    pub(crate) signature: Vec<u8>,
}

impl Parts {
    pub(crate) fn of(token: &str) -> Self {
        let segments: Vec<Vec<u8>> = token
            .split('.')
            .map(|segment| URL_SAFE_NO_PAD.decode(segment).unwrap())
            .collect();
        Self {
            header: serde_json::from_slice(&segments[0]).unwrap(),
            payload: serde_json::from_slice(&segments[1]).unwrap(),
            signature: segments[2].clone(),
        }
    }
}

impl TokenRecipe {
    /// Makes the token. What is random in it is drawn again until the damage shows.
    pub(crate) fn make(&self, emulator: &Emulator, names: &Names) -> Vec<u8> {
        (0..1_000)
            .find_map(|_| self.attempt(emulator, names))
            .expect("the damage changes the token")
    }

    fn attempt(&self, emulator: &Emulator, names: &Names) -> Option<Vec<u8>> {
        let mut parts = Parts::of(&emulator.issue(&self.request(names)));
        for name in &self.remove {
            assert!(
                parts.payload.remove(name).is_some(),
                "the token has no {name} to remove"
            );
        }
        parts.payload.extend(names.members(&self.set));
        for name in &self.header_remove {
            assert!(
                parts.header.remove(name).is_some(),
                "the header has no {name} to remove"
            );
        }
        parts.header.extend(names.members(&self.header_set));
        let header = json_text(self.header_text.as_deref(), &parts.header, names);
        let payload = json_text(self.payload_text.as_deref(), &parts.payload, names);

        let template = self
            .compact
            .as_deref()
            .unwrap_or("{header}.{payload}.{signature}");
        let template = names.fill(template);
        let segment =
            |name: &str, json: &[u8]| damaged(json, damage_of(&template, name).unwrap_or_default());
        let header = segment("header", &header)?;
        let payload = segment("payload", &payload)?;
        let signing_input = format!("{header}.{payload}");
        let signature = self
            .sign
            .sign(emulator, signing_input.as_bytes(), &parts.signature);
        let signature = segment("signature", &signature)?;

        let mut token = template;
        for (name, text) in [
            ("header", header),
            ("payload", payload),
            ("signature", signature),
        ] {
            if let Some(damage) = damage_of(&token, name) {
                let separator = if damage.is_empty() { "" } else { ":" };
                token = token.replace(&format!("{{{name}{separator}{damage}}}"), &text);
            }
        }
        Some(whole_damage(&token, names))
    }

    fn request(&self, names: &Names) -> TokenRequest {
        let workload = seed::WORKLOAD_CLIENT_ID;
        let request =
            match self.subject {
                Subject::User => TokenRequest::delegated(seed::CONSENTED, workload),
                Subject::Guest => {
                    TokenRequest::delegated(seed::GUEST, workload).tenant(seed::CONTOSO_TENANT_ID)
                }
                Subject::App => TokenRequest::app_only(seed::DAEMON_CLIENT_ID, workload)
                    .roles([seed::ADMIN_ROLE]),
                Subject::FabricUser => TokenRequest::delegated(seed::CONSENTED, workload)
                    .client(seed::FABRIC_CLIENT_ID),
                Subject::Fabric => TokenRequest::app_only(seed::FABRIC_CLIENT_ID, workload),
            };
        let request = match self.version {
            None | Some(2) => request.version(TokenVersion::V2),
            Some(1) => request.version(TokenVersion::V1),
            Some(other) => panic!("no token has version {other}"),
        };
        let request = match (&self.scopes, self.subject) {
            (Some(scopes), _) => request.scopes(scopes.iter().cloned()),
            (None, Subject::App | Subject::Fabric) => request,
            (None, Subject::FabricUser) => request.scopes(["FabricWorkloadControl"]),
            (None, Subject::User | Subject::Guest) => request.scopes(["data.read"]),
        };
        match &self.tenant {
            Some(tenant) => request.tenant(names.fill(tenant)),
            None => request,
        }
    }
}

impl Signer {
    fn sign(self, emulator: &Emulator, message: &[u8], other: &[u8]) -> Vec<u8> {
        let key = emulator.signing_key(TokenVersion::V2);
        let (modulus, exponent) = (key.modulus(), key.exponent());
        match self {
            Self::Authority => key.sign(message),
            Self::Stranger => forgery::stranger().sign(message),
            Self::None => Vec::new(),
            Self::HmacPem => forgery::hmac_sha256(
                forgery::public_key_pem(modulus, exponent).as_bytes(),
                message,
            ),
            Self::HmacDer => {
                forgery::hmac_sha256(&forgery::public_key_der(modulus, exponent), message)
            }
            Self::HmacJwk => {
                let jwk = forgery::rsa_jwk(key.kid(), modulus, exponent).to_string();
                forgery::hmac_sha256(jwk.as_bytes(), message)
            }
            Self::HmacModulus => forgery::hmac_sha256(modulus, message),
            Self::ModulusMinusOne => {
                // A modulus is odd, so that its last bit is all there is to subtract.
                let mut number = modulus.to_vec();
                *number.last_mut().unwrap() ^= 1;
                number
            }
            Self::ExponentThree => forgery::exponent_three_forgery(message, modulus.len()),
            Self::OtherToken => other.to_vec(),
        }
    }
}

/// The JSON of a segment: an object of the members, or the text that the recipe states.
fn json_text(text: Option<&str>, members: &Map<String, Value>, names: &Names) -> Vec<u8> {
    let object = Value::Object(members.clone()).to_string();
    let Some(text) = text else {
        // A name within a JSON value that was made, not written: the stranger's key under our kid.
        return names.fill(&object).into_bytes();
    };
    let inner = object
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap();
    if let Some(wide) = text.strip_prefix("<utf-16>") {
        let text = names.fill(wide).replace("$members", inner);
        return text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    }
    if let Some(wide) = text.strip_prefix("<utf-32>") {
        let text = names.fill(wide).replace("$members", inner);
        return text
            .chars()
            .flat_map(|char| u32::from(char).to_le_bytes())
            .collect();
    }
    names.bytes(&text.replace("$members", inner))
}

/// What `{segment:damage}` in a template says of a segment.
fn damage_of<'t>(template: &'t str, segment: &str) -> Option<&'t str> {
    let (_, rest) = template.split_once(&format!("{{{segment}"))?;
    let (damage, _) = rest.split_once('}')?;
    Some(damage.strip_prefix(':').unwrap_or(damage))
}

/// The segment's text with the damage done; none if this segment cannot show it.
fn damaged(bytes: &[u8], damage: &str) -> Option<String> {
    let plain = URL_SAFE_NO_PAD.encode(bytes);
    let half = plain.len() / 2;
    let (first, second) = plain.split_at(half);
    let text = match damage {
        "" => return Some(plain),
        "standard" => STANDARD_NO_PAD.encode(bytes),
        "padded" => format!("{plain}{}", if plain.len() % 4 == 3 { "=" } else { "==" }),
        "spaced" => format!("{first} {second}"),
        "questioned" => format!("{first}?{second}"),
        "hashed" => format!("{first}#{second}"),
        "trailing-bits" => {
            // With three bytes to four characters there are no bits to spare.
            if bytes.len().is_multiple_of(3) {
                let mut wider = bytes.to_vec();
                assert_eq!(wider.first(), Some(&b'{'), "only JSON can be made wider");
                wider.insert(1, b' ');
                return damaged(&wider, damage);
            }
            stray_bits(&plain)
        }
        "truncated" => URL_SAFE_NO_PAD.encode(&bytes[..bytes.len() - 1]),
        "extended" => URL_SAFE_NO_PAD.encode([bytes, &[0]].concat()),
        "zero" => URL_SAFE_NO_PAD.encode(vec![0; bytes.len()]),
        "ones" => URL_SAFE_NO_PAD.encode(vec![0xff; bytes.len()]),
        "led-by-zero" => URL_SAFE_NO_PAD.encode([&[0], bytes].concat()),
        "doubled" => URL_SAFE_NO_PAD.encode([bytes, bytes].concat()),
        "halved" => URL_SAFE_NO_PAD.encode(&bytes[..bytes.len() / 2]),
        "reversed" => URL_SAFE_NO_PAD.encode(bytes.iter().rev().copied().collect::<Vec<u8>>()),
        "flipped" => {
            let mut flipped = bytes.to_vec();
            flipped[bytes.len() / 2] ^= 0x10;
            URL_SAFE_NO_PAD.encode(flipped)
        }
        "twice" => URL_SAFE_NO_PAD.encode(&plain),
        other => panic!("no damage is called {other}"),
    };
    (text != plain).then_some(text)
}

/// Sets a bit of the last character that no byte has room for.
fn stray_bits(plain: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = plain.split_at(plain.len() - 1);
    let at = ALPHABET.find(last).unwrap();
    format!("{rest}{}", &ALPHABET[at + 1..at + 2])
}

/// Damage to the token as a whole, which the template states around it.
fn whole_damage(token: &str, names: &Names) -> Vec<u8> {
    if let Some(token) = token.strip_prefix("<base64>") {
        return URL_SAFE_NO_PAD.encode(token).into_bytes();
    }
    if let Some(token) = token.strip_prefix("<percent>") {
        return token.replace('.', "%2E").into_bytes();
    }
    names.bytes(token)
}

/// Fills in `<repeat:count:text>`.
fn repeated(text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<repeat:") {
        let (count, after) = after.split_once(':').expect("<repeat:count:…>");
        let (repeated, after) = after.split_once('>').expect("<repeat:…> ends");
        filled.push_str(before);
        let count = count.parse().expect("how often");
        if repeated.contains('#') {
            // Each one numbered, where they have to differ.
            filled
                .extend((0..count).map(|number: usize| repeated.replace('#', &number.to_string())));
        } else {
            filled.push_str(&repeated.repeat(count));
        }
        rest = after;
    }
    filled + rest
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
