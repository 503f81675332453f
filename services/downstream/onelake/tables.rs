//! The tables of a lakehouse, as its folders show them.
//!
//! A table is a folder below `Tables` with a `_delta_log` in it, or a shortcut there to another
//! storage account. Two levels deep, the first is its schema.

use std::collections::BTreeMap;

use super::listing::{Listing, below};
use super::{Lakehouse, OneLake};
use crate::downstream::credentials::OnBehalfOf;
use crate::downstream::error::DownstreamError;

/// How many tables are listed at most.
const MAX_TABLES: usize = 10_000;

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its schema; none where the lakehouse has no schemas.
    pub schema: Option<String>,
    /// Its path below the lakehouse.
    pub path: String,
}

impl OneLake {
    /// The lakehouse's tables, by path; at most 10,000.
    ///
    /// # Errors
    ///
    /// See [`DownstreamError`].
    pub async fn list_tables(
        &self,
        on_behalf_of: &OnBehalfOf,
        lakehouse: Lakehouse,
    ) -> Result<Vec<Table>, DownstreamError> {
        let mut tables = BTreeMap::new();
        let mut continuation: Option<String> = None;
        loop {
            let listing = Listing {
                folder: "Tables",
                recursive: true,
                shortcuts: true,
                continuation: continuation.as_deref(),
            };
            let (_, paths, next) = self.list_paths(on_behalf_of, lakehouse, &listing).await?;
            for listed in &paths {
                let is_adls = listed.account_type.as_deref() == Some("ADLS");
                let table = below(lakehouse, &listed.name)
                    .and_then(|path| table(path, listed.is_shortcut && is_adls));
                if let Some(table) = table
                    && tables.len() < MAX_TABLES
                {
                    tables.insert(table.path.clone(), table);
                }
            }
            match next {
                Some(next) if tables.len() < MAX_TABLES => continuation = Some(next),
                _ => return Ok(tables.into_values().collect()),
            }
        }
    }
}

/// The table that a path is the sign of.
fn table(path: &str, is_shortcut: bool) -> Option<Table> {
    let path = match path.strip_suffix("/_delta_log") {
        Some(table) => table,
        None if is_shortcut => path,
        None => return None,
    };
    let (schema, name) = match path.strip_prefix("Tables/")?.split_once('/') {
        None => (None, path.strip_prefix("Tables/")?),
        Some((schema, name)) if !name.contains('/') => (Some(schema.to_owned()), name),
        // Deeper down, a log belongs to something within a table.
        Some(_) => return None,
    };
    (!name.is_empty()).then(|| Table {
        name: name.to_owned(),
        schema,
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn a_log_or_a_shortcut_is_the_sign_of_a_table() {
        let read = |path, is_shortcut| {
            table(path, is_shortcut).map(|table| (table.schema, table.name, table.path))
        };
        let plain = (None, "sales".to_owned(), "Tables/sales".to_owned());
        let in_schema = (
            Some("dbo".to_owned()),
            "sales".to_owned(),
            "Tables/dbo/sales".to_owned(),
        );
        assert_eq!(read("Tables/sales/_delta_log", false), Some(plain.clone()));
        assert_eq!(read("Tables/sales", true), Some(plain));
        assert_eq!(
            read("Tables/dbo/sales/_delta_log", false),
            Some(in_schema.clone())
        );
        assert_eq!(read("Tables/dbo/sales", true), Some(in_schema));
        for path in [
            "Tables/sales",
            "Tables/sales/part-0.parquet",
            "Tables/sales/_delta_log/0.json",
            "Tables/a/b/c/_delta_log",
            "Tables/_delta_log",
            "Files/sales/_delta_log",
            "_delta_log",
        ] {
            assert_eq!(read(path, false), None, "{path}");
        }
    }
}
