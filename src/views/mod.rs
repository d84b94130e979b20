//! Lists people keep: a search with its columns, sort and grouping, by name.
