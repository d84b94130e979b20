-- What can be found where: a filter of each block of events, so that a search passes over the
-- blocks that cannot hold what it looks for.

-- A block covers every id from its first to its last. What no sealed block covers is looked at
-- row by row.
create table event_blocks (
  first_id bigint primary key,
  last_id bigint not null,
  -- Events it held when it was sealed.
  n bigint not null,
  -- The first id of each of its parts, 8 bytes each, the highest first.
  starts bytea not null,
  -- Parts that hold more than a filter takes: bit 0 is the first.
  open_parts bigint not null,
  -- False while its events are read. Whoever writes an event within it deletes the row, and with
  -- it what was read of them.
  sealed boolean not null,
  -- Tells this row from one that took its place.
  mark bigint not null,
  made_at bigint not null
) strict;

-- The filters, cut by the hash of what is looked for: one word reads one slice of every block.
create table event_block_bits (
  slice smallint not null,
  first_id bigint not null,
  bits bytea not null,
  primary key (slice, first_id)
-- only sqlite
) strict, without rowid;
-- only postgres
);
alter table event_block_bits alter column bits set storage external;
-- all
