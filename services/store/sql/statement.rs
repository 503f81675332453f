//! A statement that every engine runs, and what comes back from it.
//!
//! Both drivers read `$1` placeholders, and each encodes and decodes the few types that columns
//! have. What sqlx states per engine is stated here once for all of them, so that a statement is
//! written once.

use auth_interceptor::UnixSeconds;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::error::BoxDynError;
use sqlx::{
    Arguments, ColumnIndex, Database, Decode, Encode, Executor as _, PgConnection, Postgres, Row,
    Sqlite, SqliteConnection, Type,
};

use super::failure::Failure;

/// A statement with `$1` placeholders.
pub(in crate::store) fn statement<C: Connection>(sql: &'static str) -> Statement<C> {
    Statement {
        sql,
        arguments: Ok(ArgumentsOf::<C>::default()),
    }
}

/// A statement and the values for its placeholders, in their order.
pub struct Statement<C: Connection> {
    sql: &'static str,
    arguments: Result<ArgumentsOf<C>, BoxDynError>,
}

type ArgumentsOf<C> = <<C as sqlx::Connection>::Database as Database>::Arguments;
type RowOf<C> = <<C as sqlx::Connection>::Database as Database>::Row;

impl<C: Connection> Statement<C> {
    /// The value of the next placeholder.
    pub(in crate::store) fn bind<T>(mut self, value: T) -> Self
    where
        C::Database: Encodes<T>,
    {
        self.arguments = self
            .arguments
            .and_then(|arguments| C::Database::add(arguments, value));
        self
    }

    /// Runs the statement. How many rows it changed.
    pub(in crate::store) async fn execute(self, connection: &mut C) -> Result<u64, Failure> {
        Ok(connection.run(self).await?)
    }

    /// The row there has to be.
    pub(in crate::store) async fn fetch_one<T>(self, connection: &mut C) -> Result<T, Failure>
    where
        T: FromColumns<C::Database>,
    {
        let row = self.fetch_optional(connection).await?;
        row.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }

    /// The first row, if there is one.
    pub(in crate::store) async fn fetch_optional<T>(
        self,
        connection: &mut C,
    ) -> Result<Option<T>, Failure>
    where
        T: FromColumns<C::Database>,
    {
        let row = connection.rows(self).try_next().await?;
        Ok(row.map(|row| read::<C, T>(&row)).transpose()?)
    }

    /// Every row.
    pub(in crate::store) async fn fetch_all<T>(self, connection: &mut C) -> Result<Vec<T>, Failure>
    where
        T: FromColumns<C::Database> + Send,
    {
        Ok(self.fetch(connection).try_collect().await?)
    }

    /// Row after row.
    pub(in crate::store) fn fetch<'c, T>(
        self,
        connection: &'c mut C,
    ) -> BoxStream<'c, Result<T, sqlx::Error>>
    where
        T: FromColumns<C::Database> + Send + 'c,
    {
        connection.rows(self).map(|row| read::<C, T>(&row?)).boxed()
    }
}

fn read<C: Connection, T: FromColumns<C::Database>>(row: &RowOf<C>) -> Result<T, sqlx::Error> {
    T::from_columns(&Columns(row))
}

/// An engine's connection, as statements use it.
pub trait Connection: sqlx::Connection<Database: Speaks> + Sized + Send {
    /// Runs a statement to its end. How many rows it changed.
    fn run(&mut self, statement: Statement<Self>) -> BoxFuture<'_, Result<u64, sqlx::Error>>;

    /// Runs a statement and streams its rows.
    fn rows(
        &mut self,
        statement: Statement<Self>,
    ) -> BoxStream<'_, Result<RowOf<Self>, sqlx::Error>>;
}

macro_rules! connections {
    ($($connection:ty),*) => {$(
        impl Connection for $connection {
            fn run(&mut self, statement: Statement<Self>) -> BoxFuture<'_, Result<u64, sqlx::Error>> {
                Box::pin(async move {
                    let Statement { sql, arguments } = statement;
                    let arguments = arguments.map_err(sqlx::Error::Encode)?;
                    let done = self.execute(sqlx::query_with(sql, arguments)).await?;
                    Ok(done.rows_affected())
                })
            }

            fn rows(
                &mut self,
                statement: Statement<Self>,
            ) -> BoxStream<'_, Result<RowOf<Self>, sqlx::Error>> {
                let Statement { sql, arguments } = statement;
                match arguments {
                    Ok(arguments) => self.fetch(sqlx::query_with(sql, arguments)),
                    Err(error) => Box::pin(stream::iter([Err(sqlx::Error::Encode(error))])),
                }
            }
        }
    )*};
}

connections!(SqliteConnection, PgConnection);

/// Encodes a `T` as the value of a placeholder.
pub trait Encodes<T>: Database {
    /// Adds the value to those of a statement.
    fn add(arguments: Self::Arguments, value: T) -> Result<Self::Arguments, BoxDynError>;
}

impl<D, T> Encodes<T> for D
where
    D: Database,
    T: for<'q> Encode<'q, D> + Type<D>,
{
    fn add(mut arguments: D::Arguments, value: T) -> Result<D::Arguments, BoxDynError> {
        arguments.add(value)?;
        Ok(arguments)
    }
}

/// Decodes a `T` out of a column.
pub trait Decodes<T>: Database {
    /// The column by its place in the statement.
    fn at(row: &Self::Row, place: usize) -> Result<T, sqlx::Error>;

    /// The column by its name.
    fn named(row: &Self::Row, name: &str) -> Result<T, sqlx::Error>;
}

impl<D, T> Decodes<T> for D
where
    D: Database,
    T: for<'r> Decode<'r, D> + Type<D>,
    usize: ColumnIndex<D::Row>,
    for<'n> &'n str: ColumnIndex<D::Row>,
{
    fn at(row: &D::Row, place: usize) -> Result<T, sqlx::Error> {
        row.try_get(place)
    }

    fn named(row: &D::Row, name: &str) -> Result<T, sqlx::Error> {
        row.try_get(name)
    }
}

/// A database of columns of text, whole numbers, truth values and bytes.
pub trait Speaks:
    Encodes<bool>
    + Encodes<i64>
    + Encodes<String>
    + Encodes<Vec<u8>>
    + for<'t> Encodes<&'t String>
    + for<'t> Encodes<&'t [u8]>
    + for<'t> Encodes<&'t str>
    + Encodes<Option<bool>>
    + Encodes<Option<i64>>
    + Encodes<Option<String>>
    + Encodes<Option<Vec<u8>>>
    + Decodes<bool>
    + Decodes<i64>
    + Decodes<String>
    + Decodes<Vec<u8>>
    + Decodes<Option<i64>>
    + Decodes<Option<String>>
    + Decodes<Option<Vec<u8>>>
{
}

impl Speaks for Postgres {}
impl Speaks for Sqlite {}

/// What is read from a row of columns.
pub(in crate::store) trait FromColumns<D: Database>: Sized {
    /// Reads it.
    fn from_columns(columns: &Columns<'_, D>) -> Result<Self, sqlx::Error>;
}

/// The columns of one row.
pub(in crate::store) struct Columns<'r, D: Database>(&'r D::Row);

impl<D: Database> Columns<'_, D> {
    /// The column of this name.
    pub(in crate::store) fn get<T>(&self, name: &str) -> Result<T, sqlx::Error>
    where
        D: Decodes<T>,
    {
        D::named(self.0, name)
    }
}

impl<D: Decodes<i64>> FromColumns<D> for i64 {
    fn from_columns(columns: &Columns<'_, D>) -> Result<Self, sqlx::Error> {
        D::at(columns.0, 0)
    }
}

macro_rules! tuples {
    ($(($($column:ident $place:tt),+))*) => {$(
        impl<D, $($column),+> FromColumns<D> for ($($column,)+)
        where
            D: Database $(+ Decodes<$column>)+,
        {
            fn from_columns(columns: &Columns<'_, D>) -> Result<Self, sqlx::Error> {
                Ok(($(D::at(columns.0, $place)?,)+))
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, E 3)
    (A 0, B 1, C 2, E 3, F 4)
    (A 0, B 1, C 2, E 3, F 4, G 5)
}

/// Times as columns hold them: the engines' integers are signed.
pub(in crate::store) fn to_stored_time(time: UnixSeconds) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// The time that a column holds.
pub(in crate::store) fn from_stored_time(time: i64) -> UnixSeconds {
    u64::try_from(time).unwrap_or_default()
}
