-- What happened: events, in the order the server received them.

create table sources (
  id bigint generated always as identity primary key,
  name text not null unique,
  created_at bigint not null
) strict;

create table event_types (
  id bigint generated always as identity primary key,
  name text not null unique,
  created_at bigint not null
) strict;

create table events (
  -- 53-bit time-ordered number; its time is the event's `timestamp`.
  id bigint primary key,
  -- No foreign keys here: the program interns both names, and a check per row costs as much
  -- as the row.
  source_id bigint not null,
  event_type_id bigint not null,
  -- OCSF severity_id, 1 to 5.
  severity smallint not null check (severity between 1 and 5),
  description text not null,
  ip_address text,
  -- ISO 3166-1 alpha-2, copied out of `geo` because people filter by it.
  country text,
  geo text,
  occurred_at bigint,
  -- JSON array and object; absent when empty. `attributes` never repeats a column.
  tags text,
  attributes text,
  -- Who sent it: a person, or an ingest key.
  user_id bigint,
  key_id bigint,
  -- The event whose alert gathers this one: set when the source was beyond its budget of alerts.
  folded_into bigint,
  version bigint not null default 1
) strict;

-- Append-like indexes only: each random-key index on this table costs more than the insert.
-- SQLite's indexes end with the row's id by themselves.
-- only sqlite
create index events_source on events (source_id);
-- only postgres
create index events_source on events (source_id, id);
-- all
create index events_severe on events (id) where severity >= 4;
create index events_folded on events (folded_into, id) where folded_into is not null;

-- Kept in the same transaction as the events; `shard` keeps parallel writers apart.
create table event_counts (
  -- Hours since 1970.
  hour bigint not null,
  source_id bigint not null,
  severity smallint not null,
  shard smallint not null,
  n bigint not null,
  primary key (hour, source_id, severity, shard)
-- only sqlite
) strict, without rowid;
-- only postgres
) with (fillfactor = 70);
-- all
