-- What a change can be taken back to, for the half minute in which it can.

-- Whether the change took an earlier one back.
alter table alert_history add column undone boolean not null default false;

-- One row for each alert a change left, deleted when it is taken back or too old. No foreign keys:
-- a row lives for a minute, and one whose alert is gone is passed over.
create table undo_steps (
  -- SHA-256 of the token; the same for all alerts of one bulk change.
  token_hash bytea not null,
  alert_id bigint not null,
  user_id bigint not null,
  -- The version the change left: with any other, somebody changed the alert since.
  version bigint not null,
  -- JSON of the fields people change, as they were.
  before text not null,
  expires_at bigint not null,
  primary key (token_hash, alert_id)
) strict;
create index undo_steps_expiry on undo_steps (expires_at);
