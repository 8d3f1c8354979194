//! All records as one file, the same bytes from SQLite and from PostgreSQL: what a backup carries when the
//! records are on a server, and how they move between the two.
//!
//! `"lanternfish rows 1\n"`, then tables in a fixed order, each row as `R ‖ table ‖ cells` in the order of
//! its key, then `E ‖ number of rows (8)` and nothing more. A cell is `N`, `I ‖ 8 bytes`, or `T`/`B ‖ length
//! (8) ‖ bytes`; numbers are big-endian. It opens nothing: contents stay sealed. It refuses a file that
//! is cut, goes on, or names a table that is not there; whether the log is sound is what `log verify` says.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Read, Write},
    path::Path,
};

use crate::{
    StoreError,
    sql::{self, Cells, Db, Many, Sight, Tx, Val},
};

const MAGIC: &[u8; 19] = b"lanternfish rows 1\n";
const ROW: u8 = b'R';
const END: u8 = b'E';
const PAGE: i64 = 2_000;
/// The longest cell that is read: a sealed row is far below it, and a false length takes no memory.
const LONGEST: u64 = 1 << 30;

/// A table: its letter, how a page of it is read, from where, which columns say where the next begins, and
/// how a row goes in.
struct Table {
    letter: u8,
    page: &'static str,
    from: fn() -> Vec<Val>,
    key: &'static [usize],
    /// Nothing for the head, which has a statement of its own.
    add: Option<Many>,
    cells: usize,
}

/// In the order in which they can be filled. The head comes last: with it the database is no longer empty.
const TABLES: [Table; 6] = [
    Table {
        letter: b'e',
        page: sql::EVENTS_PAGE,
        from: || vec![Val::Int(i64::MIN)],
        key: &[0],
        add: Some(Many::Event),
        cells: 10,
    },
    Table {
        letter: b'k',
        page: sql::EVENT_KEYS_PAGE,
        from: || vec![Val::Int(i64::MIN)],
        key: &[0],
        add: Some(Many::EventKey),
        cells: 3,
    },
    Table {
        letter: b'w',
        page: sql::EVENT_ROWS_PAGE,
        from: || vec![Val::text(""), Val::text(""), Val::Int(i64::MIN)],
        key: &[1, 2, 0],
        add: Some(Many::EventRow),
        cells: 4,
    },
    Table {
        letter: b'r',
        page: sql::RECORDS_PAGE,
        from: || vec![Val::text(""), Val::text("")],
        key: &[0, 1],
        add: Some(Many::Record),
        cells: 12,
    },
    Table {
        letter: b'i',
        page: sql::INDEXES_PAGE,
        from: || vec![Val::text(""), Val::text(""), Val::Blob(vec![]), Val::text("")],
        key: &[0, 1, 2, 3],
        add: Some(Many::Index),
        cells: 4,
    },
    Table { letter: b'h', page: sql::HEAD_PAGE, from: || vec![Val::Int(i64::MIN)], key: &[0], add: None, cells: 4 },
];

/// Writes every row of a steady picture of the database.
pub(crate) fn write(db: &Db, target: &Path) -> Result<(), StoreError> {
    let failed = |e: std::io::Error| StoreError::environment(format!("writing {}", target.display()), &e);
    let mut out = BufWriter::new(File::create_new(target).map_err(failed)?);
    out.write_all(MAGIC).map_err(failed)?;
    let mut tx = db.steady()?;
    let mut rows: u64 = 0;
    for table in &TABLES {
        let mut place = (table.from)();
        loop {
            let page = tx.rows(table.page, &[&place[..], &[Val::Int(PAGE)]].concat())?;
            let Some(last) = page.last() else { break };
            place = table.key.iter().map(|column| last.values()[*column].clone()).collect();
            for cells in &page {
                write_row(&mut out, table.letter, cells).map_err(failed)?;
                rows += 1;
            }
        }
    }
    out.write_all(&[END]).and_then(|()| out.write_all(&rows.to_be_bytes())).map_err(failed)?;
    let file = out.into_inner().map_err(|e| failed(e.into_error()))?;
    file.sync_all().map_err(failed)
}

fn write_row(out: &mut impl Write, letter: u8, cells: &Cells) -> std::io::Result<()> {
    out.write_all(&[ROW, letter])?;
    cells.values().iter().try_for_each(|value| match value {
        Val::Null => out.write_all(b"N"),
        Val::Int(n) => out.write_all(b"I").and_then(|()| out.write_all(&n.to_be_bytes())),
        Val::Text(s) => write_bytes(out, b'T', s.as_bytes()),
        Val::Blob(b) => write_bytes(out, b'B', b),
    })
}

fn write_bytes(out: &mut impl Write, tag: u8, bytes: &[u8]) -> std::io::Result<()> {
    out.write_all(&[tag])?;
    out.write_all(&(bytes.len() as u64).to_be_bytes())?;
    out.write_all(bytes)
}

/// Fills an empty database: all rows or none.
pub(crate) fn load(db: &Db, source: &Path) -> Result<(), StoreError> {
    let file = File::open(source).map_err(|e| StoreError::environment(format!("opening {}", source.display()), &e))?;
    let mut input = BufReader::new(file);
    if take::<19>(&mut input)? != *MAGIC {
        return Err(StoreError::input("the backup's records were written by a newer program"));
    }
    let mut tx = db.begin(Sight::Restore)?;
    let mut rows: u64 = 0;
    while take::<1>(&mut input)? == [ROW] {
        load_row(&mut tx, &mut input)?;
        rows += 1;
    }
    if u64::from_be_bytes(take(&mut input)?) != rows || !matches!(input.read(&mut [0]), Ok(0)) {
        return Err(cut());
    }
    tx.commit()
}

fn load_row(tx: &mut Tx<'_>, input: &mut impl Read) -> Result<(), StoreError> {
    let [letter] = take::<1>(input)?;
    let table = TABLES.iter().find(|table| table.letter == letter).ok_or_else(cut)?;
    let values = (0..table.cells).map(|_| take_value(input)).collect::<Result<Vec<_>, _>>()?;
    match table.add {
        Some(table) => tx.add(table, &[values]),
        None => tx.run(sql::HEAD_ADD, &values).map(|_| ()),
    }
}

fn take_value(input: &mut impl Read) -> Result<Val, StoreError> {
    Ok(match take::<1>(input)? {
        [b'N'] => Val::Null,
        [b'I'] => Val::Int(i64::from_be_bytes(take(input)?)),
        [b'T'] => Val::Text(String::from_utf8(take_bytes(input)?).map_err(|_| cut())?),
        [b'B'] => Val::Blob(take_bytes(input)?),
        _ => return Err(cut()),
    })
}

fn take_bytes(input: &mut impl Read) -> Result<Vec<u8>, StoreError> {
    let length = u64::from_be_bytes(take(input)?);
    let mut bytes = Vec::new();
    let read = input.take(length.min(LONGEST)).read_to_end(&mut bytes).map_err(|_| cut())?;
    if read as u64 == length { Ok(bytes) } else { Err(cut()) }
}

fn take<const N: usize>(input: &mut impl Read) -> Result<[u8; N], StoreError> {
    let mut out = [0; N];
    input.read_exact(&mut out).map_err(|_| cut())?;
    Ok(out)
}

fn cut() -> StoreError {
    StoreError::damaged("the backup's records are cut short or changed")
}
