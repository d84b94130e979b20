-- Lists people keep: a search with its columns, order and grouping.

create table views (
  id bigint generated always as identity primary key,
  -- Absent when the account is gone: what everybody uses stays.
  owner_id bigint references users (id) on delete set null,
  page text not null check (page in ('alerts', 'events')),
  name text not null,
  -- The name in lower case: one owner's names differ by more than case.
  name_key text not null,
  query text not null,
  -- JSON array of the columns' names, in their order.
  columns text not null,
  sort text,
  grouping text,
  shared boolean not null default false,
  created_at bigint not null,
  updated_at bigint not null,
  version bigint not null default 1,
  unique (owner_id, name_key)
) strict;
create index views_shared on views (id) where shared;

-- What a person's page begins with; it may be somebody else's shared view.
create table view_defaults (
  user_id bigint not null references users (id) on delete cascade,
  page text not null,
  view_id bigint not null references views (id) on delete cascade,
  primary key (user_id, page)
) strict;
create index view_defaults_view on view_defaults (view_id);
