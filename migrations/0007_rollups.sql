-- Figures of the whole without scanning: sums by minute, half hour, hour and day.

-- Kept in the same transaction as what they count; `shard` keeps parallel writers apart.
create table rollups (
  -- What is counted; `Kind` of src/rollups.
  kind smallint not null,
  -- Minutes a sum covers: 1, 30, 60 or 1440.
  span smallint not null,
  -- Its first minute, in minutes since 1970.
  start bigint not null,
  -- A severity, a source, a country or a bucket of durations, as `kind` says.
  item bigint not null,
  shard smallint not null,
  n bigint not null,
  primary key (kind, span, start, item, shard)
-- only sqlite
) strict, without rowid;
-- only postgres
) with (fillfactor = 70);
-- all

-- The unresolved ones nobody works on, oldest first; a query repeats the condition word by word.
create index alerts_unassigned on alerts (created_at)
  where assigned_to is null and status < 3;
-- When each unresolved one is due next; a query repeats the expression word by word.
create index alerts_due on alerts (
  (case when status = 1 and ack_due_at < resolve_due_at then ack_due_at else resolve_due_at end)
) where status < 3;
