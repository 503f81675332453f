//! Holds the dependency graph to `deny.toml`.
//!
//! The file is cargo-deny's and its meaning is cargo-deny's. That program takes minutes to build,
//! so the rules on licences, bans and sources are evaluated here, from what cargo says of the
//! graph. Advisories need a database from elsewhere: the GitHub workflow checks those.

mod graph;
mod licence;
mod rules;

use anyhow::{Result, ensure};

use crate::repository::Repository;
use graph::Package;
use rules::{Ban, Rules};

/// No package of the graph offends a rule.
pub(crate) fn hold(repository: &Repository) -> Result<()> {
    let rules = Rules::load(repository)?;
    let packages = graph::packages(repository, &rules)?;
    let offences: Vec<String> = packages
        .iter()
        .flat_map(|package| offences_of(package, &rules))
        .chain(
            rules
                .bans()
                .iter()
                .filter_map(|ban| duplicate(ban, &packages)),
        )
        .collect();
    for offence in &offences {
        println!("{offence}");
    }
    ensure!(
        offences.is_empty(),
        "{} offences against deny.toml among {} packages",
        offences.len(),
        packages.len()
    );
    println!("{} packages keep the rules of deny.toml", packages.len());
    Ok(())
}

/// What is wrong with one package by itself.
fn offences_of(package: &Package, rules: &Rules) -> Vec<String> {
    let mut offences = Vec::new();
    match &package.licence {
        None => offences.push(format!("{package} states no licence")),
        Some(licence) if !licence::allows(licence, rules.allowed_licences()) => {
            offences.push(format!("{package} is licensed under {licence}"));
        }
        Some(_) => {}
    }
    if let Some(source) = &package.source
        && !rules.allows_source(source)
    {
        offences.push(format!("{package} comes from {source}"));
    }
    for ban in rules.bans() {
        if ban.bans_every_version() && ban.name == package.name {
            offences.push(format!("{package} is banned: {}", ban.reason));
        }
    }
    offences
}

/// Two versions of a package that may have but one.
fn duplicate(ban: &Ban, packages: &[Package]) -> Option<String> {
    let versions: Vec<&str> = packages
        .iter()
        .filter(|package| package.name == ban.name)
        .map(|package| package.version.as_str())
        .collect();
    (versions.len() > 1).then(|| {
        format!(
            "{} is there as {}: {}",
            ban.name,
            versions.join(" and "),
            ban.reason
        )
    })
}

#[cfg(test)]
mod tests {
    use super::graph::Package;
    use super::rules::Rules;
    use super::{duplicate, offences_of};

    const RULES: &str = r#"
        graph.targets = []
        licenses.allow = ["MIT"]
        bans.deny = [
            { crate = "banned", reason = "it is" },
            { crate = "single", deny-multiple-versions = true, reason = "two do not meet" },
        ]
        sources.allow-registry = ["https://registry.test"]
    "#;

    fn package(name: &str, version: &str, licence: Option<&str>, source: Option<&str>) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.map(str::to_owned),
            source: source.map(str::to_owned),
        }
    }

    #[test]
    fn every_kind_of_offence_is_named() {
        let rules: Rules = toml::from_str(RULES).unwrap();
        let registry = Some("registry+https://registry.test");
        let cases = [
            (package("fine", "1.0.0", Some("MIT"), registry), None),
            (package("ours", "1.0.0", Some("MIT"), None), None),
            (package("single", "1.0.0", Some("MIT"), registry), None),
            (
                package("silent", "1.0.0", None, registry),
                Some("silent 1.0.0 states no licence"),
            ),
            (
                package("closed", "1.0.0", Some("BUSL-1.1"), registry),
                Some("closed 1.0.0 is licensed under BUSL-1.1"),
            ),
            (
                package(
                    "forked",
                    "1.0.0",
                    Some("MIT"),
                    Some("git+https://registry.test"),
                ),
                Some("forked 1.0.0 comes from git+https://registry.test"),
            ),
            (
                package("banned", "1.0.0", Some("MIT"), registry),
                Some("banned 1.0.0 is banned: it is"),
            ),
        ];
        for (package, offence) in cases {
            let offences = offences_of(&package, &rules);
            assert_eq!(offences.first().map(String::as_str), offence);
        }
    }

    #[test]
    fn a_second_version_is_an_offence_only_where_it_says_so() {
        let rules: Rules = toml::from_str(RULES).unwrap();
        let twice =
            |name| ["1.0.0", "2.0.0"].map(|version| package(name, version, Some("MIT"), None));
        let offences = |packages: &[Package]| {
            rules
                .bans()
                .iter()
                .filter_map(|ban| duplicate(ban, packages))
                .count()
        };
        assert_eq!(offences(&twice("single")), 1);
        assert_eq!(offences(&twice("other")), 0);
    }
}
