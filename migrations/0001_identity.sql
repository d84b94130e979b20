-- Who may do what: people, their sessions, and the keys of machines.
-- Times are microseconds since 1970, UTC.

create table users (
  id bigint generated always as identity primary key,
  username text not null,
  -- The name in lower case: names differ by more than case.
  username_key text not null unique,
  email text,
  role text not null check (role in ('ADMIN', 'RESPONDER', 'ANALYST')),
  password_hash text not null,
  -- Set when a bootstrap password broke the rules and still has to be changed.
  weak_password boolean not null default false,
  enabled boolean not null default true,
  preferences text not null default '{}',
  failed_sign_ins bigint not null default 0,
  -- Before this time the account answers 429; kept here so that a restart forgets nothing.
  sign_in_after bigint not null default 0,
  last_sign_in_at bigint,
  created_at bigint not null,
  updated_at bigint not null,
  version bigint not null default 1
) strict;

-- One sign-in: a browser with its cookie, or a family of tokens with every refresh that follows.
create table sessions (
  id text primary key,
  user_id bigint not null references users (id) on delete cascade,
  kind text not null check (kind in ('BROWSER', 'TOKEN')),
  -- SHA-256 of the one secret that works now: the cookie, or the refresh token.
  secret_hash bytea not null unique,
  address text not null,
  user_agent text not null,
  created_at bigint not null,
  -- The last refresh; of a browser the last request, to five minutes.
  used_at bigint not null,
  expires_at bigint not null,
  ended_at bigint,
  end_reason text
) strict;
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

-- A spent refresh token that comes back ends its family.
create table spent_refresh_tokens (
  hash bytea primary key,
  session_id text not null references sessions (id) on delete cascade,
  spent_at bigint not null
) strict;
create index spent_refresh_tokens_session on spent_refresh_tokens (session_id);

create table ingest_keys (
  id bigint generated always as identity primary key,
  name text not null,
  -- The first characters, by which people recognise it.
  prefix text not null,
  -- SHA-256 of the whole key.
  hash bytea not null unique,
  -- The only source the key may speak for; absent, any.
  source_name text,
  scopes text not null,
  -- JSON array of networks it may be used from; empty, any.
  networks text not null default '[]',
  created_by bigint references users (id) on delete set null,
  created_at bigint not null,
  expires_at bigint,
  last_used_at bigint,
  revoked_at bigint
) strict;

-- Answers kept for repeated requests, sealed with the server's key.
create table repeats (
  scope text not null,
  key text not null,
  body_hash bytea not null,
  answer bytea not null,
  created_at bigint not null,
  primary key (scope, key)
) strict;
create index repeats_age on repeats (created_at);

-- Node numbers for event ids, leased so that no two servers share one.
create table nodes (
  node bigint primary key,
  holder text not null,
  lease_until bigint not null
) strict;

-- One row that readiness writes, to know that writing works.
create table heartbeat (
  id bigint primary key check (id = 1),
  at bigint not null
) strict;
insert into heartbeat (id, at) values (1, 0);
