//! What the store promises of both engines and no request can ask for by itself.

use ::store::{Arg, StoreError, Tx};

/// As many rows as no statement with an argument for each value could take.
const MANY: i64 = 40_000;

/// Adds rows to a table of words, one on top of what is there.
fn upsert(tx: &mut Tx<'_>, rows: &[[Arg<'_>; 3]]) -> Result<(), StoreError> {
    let conflict = "on conflict (k) do update set word = excluded.word, n = words.n + excluded.n";
    tx.upsert_rows("words", &["k", "word", "n"], rows, conflict)
}

on_both! {
    async fn an_upsert_takes_any_number_of_rows_and_keeps_all_or_none(server) {
        let store = &server.server.app().store;
        let made = store.write(|tx| {
            tx.execute_script("create table words (k bigint primary key, word text, n bigint not null)")?;
            upsert(tx, &[])?;
            let word = |k: i64| (k % 2 == 0).then_some("even");
            let rows: Vec<_> = (0..MANY).map(|k| [k.into(), word(k).into(), 1.into()]).collect();
            upsert(tx, &rows)?;
            upsert(tx, &[[7.into(), "seven".into(), 5.into()], [MANY.into(), None::<&str>.into(), 1.into()]])
        });
        made.await.unwrap();
        let refused: Result<(), StoreError> = store.write(|tx| {
            upsert(tx, &[[0.into(), "lost".into(), 1.into()], [1.into(), "lost".into(), None::<i64>.into()]])
        }).await;
        refused.unwrap_err();
        for (sql, n) in [
            ("select count(*) from words", MANY + 1),
            ("select count(*) from words where word = 'even'", MANY / 2),
            ("select count(*) from words where word is null", MANY / 2),
            ("select n from words where k = 7 and word = 'seven'", 6),
            ("select count(*) from words where word = 'lost'", 0),
        ] {
            assert_eq!(server.count(sql).await, n, "{sql}");
        }
    }
}
