-- What people act on.

create table alerts (
  id bigint generated always as identity primary key,
  -- Exactly one alert for an event.
  event_id bigint not null unique references events (id) on delete cascade,
  -- 1 OPEN, 2 ACKNOWLEDGED, 3 RESOLVED.
  status smallint not null check (status between 1 and 3),
  severity smallint not null check (severity between 1 and 5),
  title text not null,
  -- Copied from the event, so that lists filter without a join.
  source_id bigint not null,
  event_type_id bigint not null,
  ip_address text,
  country text,
  assigned_to bigint references users (id) on delete set null,
  resolution text,
  resolution_note text,
  created_at bigint not null,
  acknowledged_at bigint,
  resolved_at bigint,
  updated_at bigint not null,
  ack_due_at bigint not null,
  resolve_due_at bigint not null,
  reopen_count bigint not null default 0,
  -- More than one when it gathers a storm: events that found their source beyond its budget.
  event_count bigint not null default 1,
  -- When the newest of its events was received; absent when it has but one.
  last_event_at bigint,
  version bigint not null default 1
) strict;

-- Three append-like indexes. A list by status alone reads the second once for each severity.
-- SQLite's indexes end with the row's id by themselves.
-- only sqlite
create index alerts_created on alerts (created_at);
create index alerts_severity_status on alerts (severity, status, created_at);
create index alerts_assigned on alerts (assigned_to, created_at) where assigned_to is not null;
-- only postgres
create index alerts_created on alerts (created_at, id);
create index alerts_severity_status on alerts (severity, status, created_at, id);
create index alerts_assigned on alerts (assigned_to, created_at, id)
  where assigned_to is not null;
-- all

-- Every change and comment, in order. That it was raised is in the alert itself.
create table alert_history (
  id bigint generated always as identity primary key,
  alert_id bigint not null references alerts (id) on delete cascade,
  at bigint not null,
  -- The name stays when the account goes.
  actor_id bigint,
  actor text not null,
  address text,
  kind text not null check (kind in ('CHANGED', 'COMMENTED')),
  -- JSON {"field": {"from": …, "to": …}} of what changed.
  changes text,
  -- The note given with a change, or the comment.
  text text
) strict;
-- only sqlite
create index alert_history_alert on alert_history (alert_id);
-- only postgres
create index alert_history_alert on alert_history (alert_id, id);
-- all

-- Kept in the same transaction as the alerts, so that lists count without scanning.
create table alert_counts (
  status smallint not null,
  severity smallint not null,
  shard smallint not null,
  n bigint not null,
  primary key (status, severity, shard)
-- only sqlite
) strict, without rowid;
-- only postgres
);
-- all

-- Which alert gathers the events of a source that is beyond its budget of alerts.
create table storms (
  source_id bigint not null,
  severity smallint not null,
  -- The event that raised the alert; 0 before the first storm.
  event_id bigint not null,
  -- When it went on last.
  at bigint not null,
  primary key (source_id, severity)
) strict;
