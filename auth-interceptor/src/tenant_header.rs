//! `x-ms-client-tenant-id`: the tenant that Fabric says a control-plane call is for.
//!
//! The header proves nothing by itself. It is read once its sender has proved to be Fabric, and is
//! held against the user's token wherever there is one.

use http::{HeaderMap, HeaderName};

use crate::error::AuthError;
use crate::identity::TenantId;

pub(crate) const NAME: HeaderName = HeaderName::from_static("x-ms-client-tenant-id");

/// The tenant that the one header names; none if there is no header.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<TenantId>, AuthError> {
    let mut values = headers.get_all(NAME).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(AuthError::TenantHeaderInvalid);
    }
    let text = value.to_str().ok();
    text.and_then(|text| TenantId::in_either_case(text).ok())
        .map(Some)
        .ok_or(AuthError::TenantHeaderInvalid)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;

    use super::{NAME, read};
    use crate::error::AuthError;

    const TENANT: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let value = |value: &&[u8]| (NAME, HeaderValue::from_bytes(value).unwrap());
        values.iter().map(value).collect()
    }

    #[test]
    fn one_guid_is_read_in_either_case_and_none_is_no_tenant() {
        for spelling in [TENANT.to_owned(), TENANT.to_uppercase()] {
            let read = read(&headers(&[spelling.as_bytes()]));
            assert_eq!(read, Ok(Some(TENANT.parse().unwrap())));
        }
        let mut without = headers(&[]);
        without.insert("ms-client-tenant-id", HeaderValue::from_static(TENANT));
        without.insert("x-tenant-id", HeaderValue::from_static(TENANT));
        assert_eq!(read(&without), Ok(None));
    }

    #[test]
    fn every_other_value_is_invalid() {
        let twice = format!("{TENANT}, {TENANT}");
        let braced = format!("{{{TENANT}}}");
        let urn = format!("urn:uuid:{TENANT}");
        for value in [
            b"".as_slice(),
            b"common",
            b"0f8fad5bd9cb469fa16570867728950e",
            b"0f8fad5b-d9cb-469f-a165-70867728950",
            b"0f8fad5b-d9cb-469f-a165-70867728950g",
            b"0f8fad5bd-9cb-469f-a165-70867728950e",
            b"0f8fad5b-d9cb-469f-a165-7086772895\xc3\xa9",
            twice.as_bytes(),
            braced.as_bytes(),
            urn.as_bytes(),
        ] {
            let refused = read(&headers(&[value]));
            assert_eq!(refused, Err(AuthError::TenantHeaderInvalid), "{value:?}");
        }
        let good = TENANT.as_bytes();
        for pair in [[good, good], [good, b"x"], [b"x", good]] {
            assert_eq!(read(&headers(&pair)), Err(AuthError::TenantHeaderInvalid));
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in any::<Vec<u8>>()) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let _ = read(&HeaderMap::from_iter([(NAME, value)]));
            }
        }
    }
}
