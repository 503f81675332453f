//! `selvedge policy`: what every method demands of its caller, from the contracts themselves.

use std::io::{self, Write};

use anyhow::Result;
use auth_interceptor::{Demand, MethodPolicy, Plane, TokenKind};
use serde_json::{Value, json};

use crate::app;

/// Prints what every method demands.
#[derive(clap::Args, Debug)]
pub(super) struct PolicyArgs {
    /// How to print it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, Default)]
enum Format {
    /// Columns, for a person.
    #[default]
    Table,
    /// An array of objects, for a program.
    Json,
    /// A table for documentation.
    Markdown,
}

const HEADINGS: [&str; 7] = [
    "Method",
    "Plane",
    "Token",
    "Scopes",
    "Roles",
    "Item permissions",
    "Authentication context",
];

pub(super) fn run(args: &PolicyArgs) -> Result<()> {
    let policies = app::policies()?;
    let mut out = io::stdout().lock();
    match args.format {
        Format::Json => {
            let methods: Vec<Value> = policies.iter().map(as_json).collect();
            writeln!(out, "{:#}", Value::Array(methods))?;
        }
        Format::Table => write_columns(&mut out, &policies.iter().map(cells).collect::<Vec<_>>())?,
        Format::Markdown => {
            write_markdown(&mut out, &policies.iter().map(cells).collect::<Vec<_>>())?;
        }
    }
    Ok(())
}

fn as_json(method: &MethodPolicy) -> Value {
    let policy = method.policy();
    let groups = |demand: &Demand| demand.groups().map(<[_]>::to_vec).collect::<Vec<_>>();
    json!({
        "method": method.method(),
        "service": method.method().split('/').next(),
        "plane": plane(policy.plane()),
        "token_kinds": policy.token_kinds().iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        "scopes": groups(policy.scopes()),
        "roles": groups(policy.roles()),
        "item_permissions": policy.item_permissions().map(|item| json!({
            "permissions": item.permissions,
            "workspace_field": item.workspace_field,
            "item_field": item.item_field,
        })),
        "authentication_context": policy.authentication_context(),
        "allowed_clients": policy.allowed_clients().collect::<Vec<_>>(),
        "subject_may_be_empty": policy.subject_may_be_empty(),
        "tenant_header_may_be_absent": policy.tenant_header_may_be_absent(),
    })
}

fn cells(method: &MethodPolicy) -> [String; 7] {
    let policy = method.policy();
    let kinds: Vec<_> = policy
        .token_kinds()
        .iter()
        .copied()
        .map(TokenKind::as_str)
        .collect();
    let item = policy
        .item_permissions()
        .map(|item| item.permissions.join(" "));
    [
        method.method().to_owned(),
        plane(policy.plane()).to_owned(),
        kinds.join(" | "),
        policy.scopes().to_string(),
        policy.roles().to_string(),
        item.unwrap_or_default(),
        policy
            .authentication_context()
            .unwrap_or_default()
            .to_owned(),
    ]
    .map(|cell| {
        if cell.is_empty() {
            "-".to_owned()
        } else {
            cell
        }
    })
}

fn plane(plane: Plane) -> &'static str {
    match plane {
        Plane::Control => "control",
        Plane::Data => "data",
    }
}

fn write_columns(out: &mut impl Write, rows: &[[String; 7]]) -> io::Result<()> {
    let headings = HEADINGS.map(str::to_uppercase);
    let rows = || std::iter::once(&headings).chain(rows);
    let mut widths = [0; 7];
    for row in rows() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    for row in rows() {
        let line: String = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}  "))
            .collect();
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn write_markdown(out: &mut impl Write, rows: &[[String; 7]]) -> io::Result<()> {
    writeln!(out, "| {} |", HEADINGS.join(" | "))?;
    writeln!(out, "|{}", "---|".repeat(HEADINGS.len()))?;
    for row in rows {
        // A bar within a cell would end it.
        let cells = row.each_ref().map(|cell| cell.replace('|', "\\|"));
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{as_json, cells, write_columns, write_markdown};
    use crate::app;

    #[test]
    fn every_method_is_listed_with_what_it_demands() {
        let policies = app::policies().unwrap();
        let methods: Vec<_> = policies.iter().map(as_json).collect();
        let read = methods
            .iter()
            .find(|method| method["method"] == "selvedge.data.v1.DataService/ReadData")
            .unwrap();
        assert_eq!(read["service"], "selvedge.data.v1.DataService");
        assert_eq!(read["plane"], "data");
        assert_eq!(read["token_kinds"][0], "delegated");
        assert_eq!(read["scopes"], serde_json::json!([["data.read"]]));
        assert_eq!(
            read["item_permissions"]["permissions"],
            serde_json::json!(["Read"])
        );
        let resolve = methods.iter().find(|method| {
            method["method"] == "selvedge.control.v1.EndpointResolutionService/Resolve"
        });
        let resolve = resolve.unwrap();
        assert_eq!(resolve["plane"], "control");
        assert_eq!(resolve["subject_may_be_empty"], true);
        assert_eq!(resolve["tenant_header_may_be_absent"], true);
        let health = methods
            .iter()
            .find(|method| method["method"] == "grpc.health.v1.Health/Check");
        assert_eq!(health.unwrap()["token_kinds"][0], "none");
        assert!(health.unwrap()["item_permissions"].is_null());
    }

    #[test]
    fn tables_have_a_line_a_method_and_one_of_headings() {
        let policies = app::policies().unwrap();
        let rows: Vec<_> = policies.iter().map(cells).collect();
        let mut columns = Vec::new();
        write_columns(&mut columns, &rows).unwrap();
        assert_eq!(
            String::from_utf8(columns).unwrap().lines().count(),
            rows.len() + 1
        );
        let mut markdown = Vec::new();
        write_markdown(&mut markdown, &rows).unwrap();
        let markdown = String::from_utf8(markdown).unwrap();
        assert_eq!(markdown.lines().count(), rows.len() + 2);
        assert!(
            markdown
                .lines()
                .all(|line| line.starts_with('|') && line.ends_with('|'))
        );
    }
}
