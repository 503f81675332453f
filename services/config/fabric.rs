//! `[fabric]`: what is known of Fabric, and what Fabric is told of the workload.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ConfigError;
use super::values::Values;

/// `[fabric]`.
#[derive(Clone, Debug)]
pub struct Fabric {
    /// The applications that Fabric itself calls with.
    pub app_ids: Vec<String>,
    /// How `ErrorResponse` is spelled in the first generation of the workload API.
    pub error_casing_v1: ErrorCasing,
    /// How it is spelled in the second.
    pub error_casing_v2: ErrorCasing,
    /// The item types that the workload serves, as its manifest names them.
    pub item_types: Vec<String>,
    /// How long a deletion can be undone.
    pub deleted_item_retention: Duration,
    /// Where Fabric is to send calls.
    pub endpoints: Endpoints,
}

/// How the members of `ErrorResponse` are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCasing {
    /// `ErrorCode`, with the source as a number: what Microsoft's own front ends read of the first
    /// generation.
    Pascal,
    /// `errorCode`, with the source as a word: what the contract says.
    Camel,
}

/// Where Fabric is to send calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The base URL for every region that has none of its own; none: such a region has no answer.
    pub default: Option<String>,
    /// By region, in lower case.
    pub regional: BTreeMap<String, String>,
    /// For how long Fabric may remember an answer.
    pub ttl: Duration,
}

impl Fabric {
    pub(super) fn read(values: &Values) -> Result<Self, ConfigError> {
        let casing = |path| {
            Ok(match values.choice(path)? {
                "pascal" => ErrorCasing::Pascal,
                _ => ErrorCasing::Camel,
            })
        };
        let item_types = values.texts("fabric.item_types")?;
        if !item_types.iter().all(|name| is_item_type(name)) {
            return Err(values.refused(
                "fabric.item_types",
                "a list of item types such as Org.Workload.Item",
            ));
        }
        Ok(Self {
            app_ids: values.guids("fabric.app_ids")?,
            error_casing_v1: casing("fabric.error_casing_v1")?,
            error_casing_v2: casing("fabric.error_casing_v2")?,
            item_types,
            deleted_item_retention: values.duration("fabric.deleted_item_retention")?,
            endpoints: Endpoints::read(values)?,
        })
    }
}

impl Endpoints {
    fn read(values: &Values) -> Result<Self, ConfigError> {
        let path = "fabric.endpoint";
        let default = values.optional_text(path)?;
        if !default.as_deref().is_none_or(is_endpoint) {
            return Err(values.refused(path, ENDPOINT));
        }
        let path = "fabric.regional_endpoints";
        let mut regional = BTreeMap::new();
        for text in values.texts(path)? {
            let (region, url) = text.split_once('=').unwrap_or_default();
            let known = regional.insert(region.trim().to_lowercase(), url.to_owned());
            if region.trim().is_empty() || !is_endpoint(url) || known.is_some() {
                return Err(values.refused(
                    path,
                    "a list of regions and https URLs such as West Europe=https://weu.contoso.com/workload, \
                     no region twice",
                ));
            }
        }
        Ok(Self {
            default,
            regional,
            ttl: values.duration("fabric.endpoint_ttl")?,
        })
    }

    /// The base URL for this region. Regions are told apart by their names, whatever the case.
    #[must_use]
    pub fn of(&self, region: Option<&str>) -> Option<&str> {
        let own = region.and_then(|region| self.regional.get(&region.trim().to_lowercase()));
        own.or(self.default.as_ref()).map(String::as_str)
    }
}

/// What [`is_endpoint`] takes, in words.
pub(super) const ENDPOINT: &str =
    "an https URL, or an http one of a loopback host, without query or user name";

/// Whether Fabric and pages can be sent there. Plain HTTP is for development, on the same machine.
pub(super) fn is_endpoint(text: &str) -> bool {
    let Ok(url) = text.parse::<reqwest::Url>() else {
        return false;
    };
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    (url.scheme() == "https" || url.scheme() == "http" && is_local)
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && !text.ends_with('/')
}

/// Three segments of letters, digits and hyphens: organisation, workload and item.
fn is_item_type(text: &str) -> bool {
    text.len() <= 128
        && text.split('.').count() == 3
        && text.split('.').all(|segment| {
            !segment.is_empty()
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::{Endpoints, is_endpoint, is_item_type};
    use std::time::Duration;

    #[test]
    fn a_region_is_found_by_its_name_whatever_the_case() {
        let endpoints = Endpoints {
            default: Some("https://contoso.com/workload".to_owned()),
            regional: [(
                "west europe".to_owned(),
                "https://weu.contoso.com".to_owned(),
            )]
            .into(),
            ttl: Duration::from_secs(60),
        };
        assert_eq!(
            endpoints.of(Some("West Europe")),
            Some("https://weu.contoso.com")
        );
        for other in [Some("East US"), Some(""), None] {
            assert_eq!(endpoints.of(other), Some("https://contoso.com/workload"));
        }
        let none = Endpoints {
            default: None,
            ..endpoints
        };
        assert_eq!(none.of(None), None);
    }

    #[test]
    fn an_endpoint_is_https_or_local() {
        for good in [
            "https://contoso.com/workload",
            "http://127.0.0.1:5000/workload",
        ] {
            assert!(is_endpoint(good), "{good}");
        }
        for bad in [
            "",
            "contoso.com",
            "http://contoso.com/workload",
            "https://user@contoso.com/",
            "https://contoso.com/workload?x=1",
            "https://contoso.com/workload/",
            "ftp://contoso.com",
        ] {
            assert!(!is_endpoint(bad), "{bad}");
        }
    }

    #[test]
    fn an_item_type_has_three_segments() {
        assert!(is_item_type("Org.Selvedge.Sample"));
        assert!(is_item_type("Org.Sel-vedge2.Sample"));
        for bad in [
            "",
            "Org.Selvedge",
            "Org..Sample",
            "Org.Selvedge.Sample.Job",
            "Org.Sel vedge.X",
        ] {
            assert!(!is_item_type(bad), "{bad}");
        }
    }
}
