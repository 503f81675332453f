//! The bundle of `web/dist`, embedded: a map from file name to content, so that no request can name
//! anything else.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{LazyLock, OnceLock};

use aws_lc_rs::digest;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderValue;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Dist;

static FILES: LazyLock<BTreeMap<String, File>> = LazyLock::new(|| {
    Dist::iter()
        .filter_map(|name| {
            let embedded = Dist::get(&name)?;
            let file = File::new(embedded.metadata.mimetype(), embedded.data.into_owned());
            Some((name.into_owned(), file))
        })
        .collect()
});

/// The file of this name, with `/` between folders.
pub(super) fn file(name: &str) -> Option<&'static File> {
    FILES.get(name)
}

/// What is served under one name, in the codings that clients ask for.
pub(super) struct File {
    media_type: HeaderValue,
    plain: Content,
    /// Compressed when it is first asked for; none: it would be no smaller.
    gzip: OnceLock<Option<Content>>,
}

/// Bytes as they are sent.
pub(super) struct Content {
    pub(super) bytes: Bytes,
    /// A strong validator (RFC 9110 section 8.8.3): a digest of these very bytes.
    pub(super) etag: HeaderValue,
}

impl File {
    /// `media_type` without its charset: text is UTF-8 here.
    pub(super) fn new(media_type: &str, bytes: impl Into<Bytes>) -> Self {
        let charset = if media_type.starts_with("text/") {
            "; charset=utf-8"
        } else {
            ""
        };
        let media_type = HeaderValue::try_from(format!("{media_type}{charset}"));
        Self {
            media_type: media_type
                .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream")),
            plain: Content::new(bytes.into()),
            gzip: OnceLock::new(),
        }
    }

    pub(super) fn media_type(&self) -> &HeaderValue {
        &self.media_type
    }

    /// As it is.
    pub(super) fn plain(&self) -> &Content {
        &self.plain
    }

    /// Compressed, if that makes it smaller. Takes some 30 ms per megabyte, once in a process.
    pub(super) fn gzip(&self) -> Option<&Content> {
        let compress = || {
            let compressed = compress(&self.plain.bytes)?;
            (compressed.len() < self.plain.bytes.len()).then(|| Content::new(compressed.into()))
        };
        self.gzip.get_or_init(compress).as_ref()
    }
}

impl Content {
    #[expect(
        clippy::expect_used,
        reason = "hexadecimal digits between quotes are a header value"
    )]
    fn new(bytes: Bytes) -> Self {
        let digest = digest::digest(&digest::SHA256, &bytes);
        let digits: String = digest
            .as_ref()
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let etag = format!("\"{digits}\"").try_into().expect("a header value");
        Self { bytes, etag }
    }
}

fn compress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}
