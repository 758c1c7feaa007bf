use dev::Postgres;
use dev::machines::PostgresPrograms;
use sqlx::{Connection, Row};

async fn count(url: &str, sql: &'static str) -> i64 {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap()
        .get(0)
}

#[tokio::test]
async fn each_database_is_empty_and_its_own() {
    let (one, two) = (
        Postgres::database().await.unwrap(),
        Postgres::database().await.unwrap(),
    );
    assert_ne!(one.url(), two.url());
    let mut connection = sqlx::PgConnection::connect(one.url()).await.unwrap();
    sqlx::query("CREATE TABLE only_here (x BIGINT)")
        .execute(&mut connection)
        .await
        .unwrap();
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(
        (
            count(one.url(), tables).await,
            count(two.url(), tables).await
        ),
        (1, 0)
    );

    // Dropped although somebody is still connected.
    let gone = one.url().to_owned();
    drop(one);
    assert!(sqlx::PgConnection::connect(&gone).await.is_err());
    assert_eq!(count(two.url(), tables).await, 0);
}

#[tokio::test]
async fn the_installed_package_serves_as_well() {
    let programs = PostgresPrograms::pinned().unwrap();
    let server = Postgres::start_with(&programs).await.unwrap();
    let database = server.fresh().await.unwrap();
    assert_eq!(
        count(
            database.url(),
            "SELECT current_setting('server_version_num')::bigint / 10000"
        )
        .await,
        18
    );
}
