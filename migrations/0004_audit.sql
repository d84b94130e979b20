-- The activity log: only ever appended to, each entry bound to the one before by its hash.

create table audit (
  -- Without gaps, from 1.
  seq bigint primary key,
  at bigint not null,
  -- user, key, anonymous or system.
  actor_kind text not null,
  actor_id bigint,
  actor text not null,
  address text not null,
  user_agent text not null,
  request_id text not null,
  -- Such as alert.changed or sign_in.failed.
  action text not null,
  object_kind text,
  object_id text,
  -- JSON of the object before and after, secrets left out.
  before text,
  after text,
  -- SHA-256 of the entry before, and of this one with that hash in front.
  previous_hash bytea not null,
  hash bytea not null
) strict;
create index audit_actor on audit (actor);
create index audit_object on audit (object_kind, object_id);

-- The end of the chain: the lock under which it grows, and how a cut-off tail is noticed.
create table audit_head (
  id bigint primary key check (id = 1),
  seq bigint not null,
  hash bytea not null
) strict;
-- only sqlite
insert into audit_head (id, seq, hash) values (1, 0, zeroblob(32));
create trigger audit_no_update before update on audit
begin
  select raise(abort, 'the audit log is append-only');
end;
create trigger audit_no_delete before delete on audit
begin
  select raise(abort, 'the audit log is append-only');
end;
-- only postgres
insert into audit_head (id, seq, hash) values (1, 0, decode(repeat('00', 32), 'hex'));
create function audit_append_only() returns trigger language plpgsql as $body$
begin
  raise exception 'the audit log is append-only';
end;
$body$;
create trigger audit_no_change before update or delete on audit
  for each row execute function audit_append_only();
create trigger audit_no_truncate before truncate on audit
  for each statement execute function audit_append_only();
-- all
