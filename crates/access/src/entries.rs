//! Named entries in a TOML document, as the command line changes them: comments and order stay.

use std::collections::BTreeSet;

use schemas::GateId;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

const GATES: &str = "gates";

/// The entries of a table, in the order of the file.
pub(crate) fn all<'a>(
    document: &'a DocumentMut,
    table: &str,
) -> impl Iterator<Item = (&'a str, &'a Item)> {
    let entries = document.get(table).and_then(Item::as_table_like);

    entries.into_iter().flat_map(TableLike::iter)
}

/// Adds an entry to a table, which was valid as it was read, or makes the table.
pub(crate) fn add(document: &mut DocumentMut, table: &str, name: &str, entry: Table) {
    let entries = document.entry(table).or_insert_with(|| {
        let mut entries = Table::new();
        entries.set_implicit(true);
        Item::Table(entries)
    });
    let entries = entries.as_table_like_mut().expect("the table was valid as it was read");

    entries.insert(name, Item::Table(entry));
}

/// Names gates in an entry; without any it says nothing of them.
pub(crate) fn set_gates(entry: &mut Table, gates: &BTreeSet<GateId>) {
    if !gates.is_empty() {
        let gates: Array = gates.iter().map(GateId::as_str).collect();
        entry[GATES] = value(gates);
    }
}

/// The gates that an entry names.
pub(crate) fn gates(entry: &dyn TableLike) -> Vec<String> {
    let gates = entry.get(GATES).and_then(Item::as_array);

    gates.into_iter().flatten().filter_map(|gate| gate.as_str().map(str::to_owned)).collect()
}
