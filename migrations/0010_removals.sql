-- What is over and has not been told yet.

-- By day (since 1970) what retention removed: added to by the transactions that remove, taken by
-- the one that writes the day's entry into the activity log.
create table removals (
  day bigint primary key,
  events bigint not null,
  alerts bigint not null
) strict;

-- Silences that were told of sources whose description was taken away, until their alerts are
-- resolved.
create table silences_left (
  source_id bigint not null,
  -- When the source was last heard of before it, and the event that says so.
  told bigint not null,
  event_id bigint not null,
  primary key (source_id, told)
) strict;
