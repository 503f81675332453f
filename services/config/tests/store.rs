//! Which urls name a database, and that none shows its password.

use super::{MINIMAL, parse, with_key};
use crate::config::Database;

fn with_url(url: &str) -> String {
    with_key("store.url", &format!("\"{url}\""))
}

#[test]
fn a_database_is_shown_without_user_and_password() {
    for (url, shown) in [
        ("sqlite:///data/selvedge.db", "SQLite in /data/selvedge.db"),
        (
            "postgres://hem:pa55w0rd@db.example/selvedge",
            "PostgreSQL at db.example:5432/selvedge",
        ),
        (
            "postgresql://hem:pa55w0rd@127.0.0.1:6432/selvedge?sslmode=disable",
            "PostgreSQL at 127.0.0.1:6432/selvedge",
        ),
        (
            "postgres://hem@ignored/selvedge?host=/run/postgresql&password=pa55w0rd",
            "PostgreSQL at /run/postgresql:5432/selvedge",
        ),
    ] {
        let settings = parse(&with_url(url)).unwrap();
        assert_eq!(settings.store.database.to_string(), shown);
        assert!(!format!("{settings:?}").contains("pa55w0rd"));
    }
}

#[test]
fn a_server_elsewhere_is_verified_unless_danger_is_accepted() {
    let mode = |text: &str| match parse(text).map(|settings| settings.store.database) {
        Ok(Database::Postgres(url)) => {
            Ok(url.expose().rsplit_once("sslmode=").unwrap().1.to_owned())
        }
        Ok(Database::Sqlite(_)) => unreachable!("the url is a server's"),
        Err(error) => Err(error.to_string()),
    };
    let elsewhere = "postgres://hem@db.example/selvedge";
    assert_eq!(mode(&with_url(elsewhere)).unwrap(), "verify-full");
    let near = with_url("postgres://hem@localhost/selvedge");
    assert_eq!(mode(&near).unwrap(), "prefer");

    let unverified = with_url(&format!("{elsewhere}?sslmode=require"));
    let refused = mode(&unverified).unwrap_err();
    assert!(refused.starts_with("store.url expects sslmode=verify-full"));
    let accepted = unverified.replace("[store]", "[store]\ndanger_unverified = true");
    assert_eq!(mode(&accepted).unwrap(), "require");
    assert_eq!(
        parse(&accepted).unwrap().dangers,
        ["store.danger_unverified"]
    );
}

#[test]
fn what_names_no_database_is_refused_and_not_repeated() {
    for url in [
        "postgres://db",
        "postgres://db.example/selvedge",
        "postgres://hem@db.example",
        "postgres:///selvedge?user=hem",
        "postgres://hem:pa55w0rd@db.example/selvedge?sslmod=require",
        "postgres://hem:pa55w0rd@db.example/selvedge?sslmode=never",
        "postgres://hem:pa55w0rd@db.example/selvedge?options=-cfsync%3Doff",
        "postgres://hem:pa55w0rd@db.example/selvedge?port=http",
        "mysql://hem:pa55w0rd@db.example/selvedge",
        "sqlite://",
    ] {
        let refused = parse(&with_url(url)).map(drop).unwrap_err().to_string();
        assert!(
            refused.starts_with("store.url expects sqlite:// and"),
            "{url}"
        );
        assert!(!refused.contains("pa55w0rd"));
    }
}

#[test]
fn the_url_may_come_from_a_file() {
    let file = std::env::temp_dir().join(format!("selvedge-url-{}", uuid::Uuid::new_v4()));
    std::fs::write(&file, "postgres://hem:pa55w0rd@localhost/selvedge\n").unwrap();
    let named = with_key("store.url_file", &format!("\"{}\"", file.display()));
    let settings = parse(&named).unwrap();
    assert_eq!(
        settings.store.database.to_string(),
        "PostgreSQL at localhost:5432/selvedge"
    );
    let both = named.replace("[store]", "[store]\nurl = \"sqlite://selvedge.db\"");
    assert_eq!(
        parse(&both).map(drop).unwrap_err().to_string(),
        "store.url_file expects store.url to be unset"
    );
    std::fs::remove_file(&file).unwrap();
    assert!(parse(&named).is_err());
    assert!(parse(MINIMAL).is_ok());
}
