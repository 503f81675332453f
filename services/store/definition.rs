//! An item's definition as the one value that a column holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{DefinitionPart, StoreError};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    path: String,
    payload_type: String,
    payload: String,
}

/// No part is no byte.
pub(super) fn encode(parts: &[DefinitionPart]) -> Result<Vec<u8>, StoreError> {
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let parts: Vec<Part> = parts
        .iter()
        .map(|part| Part {
            path: part.path.clone(),
            payload_type: part.payload_type.clone(),
            payload: STANDARD.encode(&part.payload),
        })
        .collect();
    serde_json::to_vec(&parts).map_err(|_| StoreError::Corrupt)
}

pub(super) fn decode(stored: &[u8]) -> Result<Vec<DefinitionPart>, StoreError> {
    if stored.is_empty() {
        return Ok(Vec::new());
    }
    let parts: Vec<Part> = serde_json::from_slice(stored).map_err(|_| StoreError::Corrupt)?;
    let part = |part: Part| {
        let payload = STANDARD
            .decode(part.payload)
            .map_err(|_| StoreError::Corrupt)?;
        Ok(DefinitionPart {
            path: part.path,
            payload_type: part.payload_type,
            payload: payload.into(),
        })
    };
    parts.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use crate::store::{DefinitionPart, StoreError};

    #[test]
    fn a_definition_comes_back_as_it_was() {
        let parts = vec![
            DefinitionPart {
                path: "a \"b\".json".to_owned(),
                payload_type: "InlineBase64".to_owned(),
                payload: vec![0, 255, 10].into(),
            },
            DefinitionPart {
                path: "empty".to_owned(),
                payload_type: "InlineBase64".to_owned(),
                payload: Vec::new().into(),
            },
        ];
        assert_eq!(decode(&encode(&parts).unwrap()).unwrap(), parts);
        assert_eq!(encode(&[]).unwrap(), b"");
        assert_eq!(decode(b"").unwrap(), []);
    }

    #[test]
    fn anything_else_is_corrupt() {
        for stored in [&b"{}"[..], b"[", b"[{\"path\": \"a\"}]"] {
            assert_eq!(decode(stored).unwrap_err(), StoreError::Corrupt);
        }
    }
}
