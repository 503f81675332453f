//! Signing keys: what is admitted from an authority's documents, and which key a token names.
