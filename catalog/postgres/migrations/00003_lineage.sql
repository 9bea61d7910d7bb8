-- Lineage as it is stored: what each app says of where its data comes from, what follows from two apps'
-- words taken together, and what people say. No earlier version wrote to the tables that this replaces.

-- +goose Up

-- A number that changes whenever a row of the unit does, so that lineage knows what it was made from.
create sequence qlikcrawler.content;
alter table qlikcrawler.unit add column content bigint not null default 0;

-- The data connections of a site, without users and passwords.
create table qlikcrawler.data_connection (
    connection     text collate "C" not null references qlikcrawler.connection on delete cascade,
    id             text collate "C" not null,
    name           text not null,
    folded_name    text collate "C" not null,
    type           text,
    connect_string text,
    hash           text collate "C" not null, -- of the columns above
    primary key (connection, id)
);
create index data_connection_name on qlikcrawler.data_connection (connection, folded_name);

drop view catalog.lineage_node, catalog.lineage_edge, catalog.lineage_gap;
drop table qlikcrawler.lineage_node, qlikcrawler.lineage_edge, qlikcrawler.lineage_gap;

-- What the lineage of a unit was made from, and how much of it is there.
create table qlikcrawler.lineage_unit (
    unit       text collate "C" primary key,
    connection text collate "C" not null,
    content    bigint not null,           -- of the unit, when it was read
    reader     integer not null,          -- the version of the program's reader
    uses       text[] collate "C" not null, -- data connections that the script names, folded
    places     text not null,             -- a digest of what they were
    includes   boolean not null,          -- the script includes files
    hash       bytea not null,            -- of the lineage
    columns    integer not null,
    unresolved integer not null,
    run        bigint,                    -- null: made on demand
    built_at   timestamptz not null default now()
);

-- A dataset stands here once for each unit that names it. unit is '' for what follows from several.
-- (Keys may be as long as an index entry can be: none here has a second column.)
create table qlikcrawler.lineage_node (
    key        text collate "C" not null,
    unit       text collate "C" not null,
    connection text collate "C", -- null for a dataset that connections share
    kind       text not null,
    name       text,
    parent_key text collate "C", -- the dataset of a column, the table of a script field
    report_key text collate "C",
    attributes jsonb,
    mask       text              -- of a dataset with * or ? in its name: a regular expression for keys
);
create index lineage_node_key on qlikcrawler.lineage_node (key);
create index lineage_node_unit on qlikcrawler.lineage_node (unit);
create index lineage_node_parent_key on qlikcrawler.lineage_node (parent_key) where parent_key is not null;
create index lineage_node_mask on qlikcrawler.lineage_node (unit) where mask is not null;

-- Many edges come from one statement.
create table qlikcrawler.lineage_statement (
    unit       text collate "C" not null,
    n          integer not null,
    statement  text,
    source_key text collate "C",
    tab        text,
    line       integer,
    "column"   integer,
    primary key (unit, n)
);

create table qlikcrawler.lineage_edge (
    unit       text collate "C" not null,
    connection text collate "C" not null,
    from_key   text collate "C" not null,
    to_key     text collate "C" not null,
    level      text not null check (level in ('table', 'column')),
    how        text not null check (how in ('direct', 'indirect')),
    origin     text not null check (origin in ('script', 'log', 'engine', 'expression', 'structure')),
    confidence double precision not null check (confidence between 0 and 1),
    statement  integer
);
create index lineage_edge_from_key on qlikcrawler.lineage_edge (from_key);
create index lineage_edge_to_key on qlikcrawler.lineage_edge (to_key);
create index lineage_edge_unit on qlikcrawler.lineage_edge (unit);

-- A dataset that is stored with all columns of another one, whatever they are.
create table qlikcrawler.lineage_star (
    unit         text collate "C" not null,
    from_dataset text collate "C" not null,
    to_dataset   text collate "C" not null
);
create index lineage_star_unit on qlikcrawler.lineage_star (unit);

-- Edges that follow from what several apps say: files that match a mask, columns behind a star.
create table qlikcrawler.lineage_link (
    from_key   text collate "C" not null,
    to_key     text collate "C" not null,
    level      text not null,
    confidence double precision not null
);
create index lineage_link_from_key on qlikcrawler.lineage_link (from_key);
create index lineage_link_to_key on qlikcrawler.lineage_link (to_key);

-- Units whose lineage changed since links were made.
create table qlikcrawler.lineage_unlinked (
    unit   text collate "C" primary key,
    ticket bigint not null
);

create table qlikcrawler.lineage_gap (
    unit       text collate "C" not null,
    connection text collate "C" not null,
    source_key text collate "C",
    tab        text,
    line       integer,
    "column"   integer,
    what       text,
    why        text
);
create index lineage_gap_unit on qlikcrawler.lineage_gap (unit);

-- What people say. Nothing but a person's word changes it.
create table qlikcrawler.lineage_manual (
    id         bigint generated always as identity primary key,
    from_key   text collate "C" not null,
    to_key     text collate "C" not null,
    pair       bytea not null unique, -- a digest of both keys
    denied     boolean not null,      -- there is no such edge, whatever the program reads
    level      text not null check (level in ('table', 'column')),
    how        text not null check (how in ('direct', 'indirect')),
    confidence double precision not null check (confidence between 0 and 1),
    author     text not null,
    reason     text not null,
    created_at timestamptz not null default now()
);
create index lineage_manual_from_key on qlikcrawler.lineage_manual (from_key);
create index lineage_manual_to_key on qlikcrawler.lineage_manual (to_key);

-- The connection that a key belongs to; null for datasets.
create function qlikcrawler.connection_of(key text) returns text language sql immutable as
    $$ select case when key like 'dataset:%' then null else split_part(key, '/', 1) end $$;

create view catalog.lineage_node as
select distinct on (key) key, connection, kind, name, report_key, attributes
from (
    select key, unit, connection, kind, name, report_key, attributes from qlikcrawler.lineage_node
    union all -- datasets that only people have told of
    select k.key, '', null, case when k.key like '%#%' then 'dataset_column' else 'dataset' end, substr(k.key, 9), null, null
    from qlikcrawler.lineage_manual m cross join lateral (values (m.from_key), (m.to_key)) k(key)
    where k.key like 'dataset:%' and not m.denied
) n
order by key, unit desc;

create view catalog.lineage_edge as
select e.connection, e.from_key, e.to_key, e.level, e.how, e.origin, e.confidence,
       s.statement, s.source_key, s.tab, s.line, s."column", null::text as author, null::text as reason, u.run
from qlikcrawler.lineage_edge e
join qlikcrawler.lineage_unit u on u.unit = e.unit
left join qlikcrawler.lineage_statement s on s.unit = e.unit and s.n = e.statement
where not exists (select from qlikcrawler.lineage_manual m where m.from_key = e.from_key and m.to_key = e.to_key)
union all
select null, l.from_key, l.to_key, l.level, 'direct', 'script', l.confidence, null, null, null, null, null, null, null, null
from qlikcrawler.lineage_link l
where not exists (select from qlikcrawler.lineage_manual m where m.from_key = l.from_key and m.to_key = l.to_key)
union all
select coalesce(qlikcrawler.connection_of(m.to_key), qlikcrawler.connection_of(m.from_key)), m.from_key, m.to_key,
       m.level, m.how, 'manual', m.confidence, null, null, null, null, null, m.author, m.reason, null
from qlikcrawler.lineage_manual m
where not m.denied;

create view catalog.lineage_gap as
select connection, unit as app_key, source_key, tab, line, "column", what, why
from qlikcrawler.lineage_gap;
