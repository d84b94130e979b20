-- Who reports, as administrators describe it, and what became of what was sent.

-- How records of a source are read; absent, as they come.
create table source_settings (
  source_id bigint primary key references sources (id) on delete cascade,
  -- A format's name, such as suricata; absent, each record says by itself what it is.
  kind text,
  description text not null default '',
  -- JSON of the profile: default type and severity, maps, labels.
  profile text not null default '{}',
  -- Events a second, and bytes of one record; absent, the server's own limits.
  rate_limit bigint,
  record_max bigint,
  -- Alerts a minute before more are gathered in one; absent, the server's own budget.
  alert_budget bigint,
  -- Seconds without an event after which an alert says so.
  silent_after bigint,
  -- The silence that was told: when the source was last heard of before it, and the event that
  -- says so. Both absent, it speaks.
  silent_told bigint,
  silent_event bigint,
  created_at bigint not null,
  updated_at bigint not null,
  version bigint not null default 1
) strict;

-- Rises with each change of a description, by which the other servers know of it.
create table source_changes (
  one smallint primary key check (one = 1),
  version bigint not null
) strict;
insert into source_changes (one, version) values (1, 0);

-- What became of the records of each source, by the hour; written every few seconds.
create table source_counts (
  -- The name, not the id: what is refused may name a source that has no event.
  source text not null,
  -- Hours since 1970.
  hour bigint not null,
  -- 1 accepted, 2 rejected, 3 throttled, 4 repeated (accepted before, stored once).
  outcome smallint not null,
  n bigint not null,
  primary key (source, hour, outcome)
-- only sqlite
) strict, without rowid;
-- only postgres
) with (fillfactor = 70);
-- all

-- When a source was first and last heard of, stored or not.
create table source_seen (
  source text primary key,
  first_at bigint not null,
  last_at bigint not null
) strict;

-- Records that were refused, the newest ones.
create table dead_letters (
  id bigint generated always as identity primary key,
  received_at bigint not null,
  -- Bytes of the texts of this row: what is kept has a bound in bytes too.
  bytes bigint not null,
  source text not null,
  format text not null,
  -- Its place in the request, from 0.
  place bigint not null,
  -- JSON {"field": ["what is wrong"]}.
  errors text not null,
  -- How long it was, and its beginning.
  size bigint not null,
  excerpt text not null,
  -- Who sent it: a person, or an ingest key; neither for syslog.
  user_id bigint,
  key_id bigint,
  address text not null
) strict;

-- What a sender itself calls one event, so that a repetition is stored once; kept until it has not
-- been seen for 48 hours, and while the alert of its event is unresolved.
create table event_keys (
  -- SHA-256 of sender and key, cut to 16 bytes.
  hash bytea primary key,
  event_id bigint not null,
  -- When it was last seen, to within an hour.
  seen_at bigint not null
-- only sqlite
) strict, without rowid;
-- only postgres
);
-- all
create index event_keys_age on event_keys (seen_at);
