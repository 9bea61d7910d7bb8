-- The first schema: private tables in schema qlikcrawler (made by Migrate), public views in schema catalog.
--
-- Keys are collated "C": they are compared byte for byte, and all rows of an app are one range of
-- the primary key ("CODE/APP/" up to "CODE/APP0"), so that no further index is needed to find them.

-- +goose Up

create table qlikcrawler.connection (
    code                text collate "C" primary key check (code ~ '^[a-z0-9-]+$'),
    name                text not null,
    folded_name         text not null, -- in lower case, by Unicode's rules whatever the database's locale
    type                text not null,
    environment         text,
    description         text,
    url                 text,
    access_instructions text,
    governance          jsonb,
    settings            json, -- in the order that a person gave
    health              text not null default 'unknown' check (health in ('green', 'red', 'unknown')),
    health_reason       text,
    health_since        timestamptz,
    last_success_at     timestamptz, -- the end of the last complete run: done, full or delta
    next_run_at         timestamptz,
    created_at          timestamptz not null default now(),
    modified_at         timestamptz not null default now()
);
create unique index connection_name on qlikcrawler.connection (folded_name);

-- A secret is sealed by the program before it gets here.
create table qlikcrawler.secret (
    connection text collate "C" not null references qlikcrawler.connection on delete cascade,
    path       text not null,
    sealed     bytea not null,
    primary key (connection, path)
);

create table qlikcrawler.crawl_run (
    id                bigint generated always as identity primary key,
    connection        text collate "C" not null references qlikcrawler.connection,
    mode              text not null check (mode in ('full', 'delta', 'selected')),
    trigger           text not null check (trigger in ('schedule', 'api', 'ui', 'cli', 'created')),
    state             text not null
        check (state in ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    tally             jsonb not null default '{}',
    apps              text[],
    groups            text[],
    allow_mass_retire boolean not null default false,
    started_at        timestamptz,
    heartbeat_at      timestamptz,
    finished_at       timestamptz,
    error             text
);
create index crawl_run_connection on qlikcrawler.crawl_run (connection, id);
-- One sweep of a connection at a time: an invariant of the catalog, not a setting of a queue.
create unique index crawl_run_one_sweep on qlikcrawler.crawl_run (connection)
    where state in ('queued', 'running') and mode <> 'selected';

create table qlikcrawler.crawl_outcome (
    run         bigint not null references qlikcrawler.crawl_run on delete cascade,
    unit        text collate "C" not null,
    name        text,
    change      text not null
        check (change in ('added', 'updated', 'unchanged', 'retired', 'partial', 'failed')),
    error_code  text,
    error       text,
    cure        text,
    duration_ms bigint,
    primary key (run, unit)
);

-- What is fetched, stored and retired as a whole: an app. The version is null when something of it
-- could not be read, so that the next delta tries again.
create table qlikcrawler.unit (
    key           text collate "C" primary key,
    connection    text collate "C" not null,
    version       text,
    first_seen_at timestamptz not null,
    retired_at    timestamptz
);

create table qlikcrawler.report_group (
    key           text collate "C" primary key,
    connection    text collate "C" not null,
    unit          text collate "C", -- of an app's group
    parent_key    text collate "C",
    kind          text not null check (kind in ('stream', 'app', 'personal')),
    name          text,
    description   text,
    owner         text,
    tags          text[],
    attributes    jsonb,
    created_at    timestamptz,
    modified_at   timestamptz,
    hash          bytea not null, -- of the columns above; equal means that there is nothing to write
    first_seen_at timestamptz not null,
    last_seen_at  timestamptz, -- only of a retired row
    retired_at    timestamptz
);
create index report_group_unit on qlikcrawler.report_group (unit) where unit is not null;

create table qlikcrawler.report (
    key                text collate "C" primary key,
    connection         text collate "C" not null,
    group_key          text collate "C",
    parent_key         text collate "C",
    type               text,
    kind               text not null check (kind in ('app', 'sheet', 'cell')),
    name               text,
    source_description text,
    owner              text,
    url                text,
    published          boolean,
    approved           boolean,
    position           jsonb,
    tags               text[],
    attributes         jsonb,
    created_at         timestamptz,
    modified_at        timestamptz,
    published_at       timestamptz,
    reloaded_at        timestamptz,
    incomplete         boolean not null, -- made from less than the source has of it
    hash               bytea not null,
    first_seen_at      timestamptz not null,
    last_seen_at       timestamptz,
    retired_at         timestamptz
);
create index report_group_key on qlikcrawler.report (group_key);
create index report_parent_key on qlikcrawler.report (parent_key);

create table qlikcrawler.report_field (
    key           text collate "C" primary key,
    connection    text collate "C" not null,
    report_key    text collate "C",
    type          text not null check (type in ('Measure', 'Dimension', 'Master Object', 'Variable')),
    origin        text not null check (origin in ('master', 'inline', 'script')),
    name          text,
    label         text,
    formula       text,
    description   text,
    master_key    text collate "C",
    tags          text[],
    attributes    jsonb,
    created_at    timestamptz,
    modified_at   timestamptz,
    incomplete    boolean not null,
    hash          bytea not null,
    first_seen_at timestamptz not null,
    last_seen_at  timestamptz,
    retired_at    timestamptz
);
create index report_field_report_key on qlikcrawler.report_field (report_key);

create table qlikcrawler.source_code (
    key           text collate "C" primary key,
    connection    text collate "C" not null,
    report_key    text collate "C",
    type          text,
    name          text,
    code          text,
    language      text,
    sha256        text,
    lines         bigint,
    hash          bytea not null,
    first_seen_at timestamptz not null,
    last_seen_at  timestamptz,
    retired_at    timestamptz
);
create index source_code_report_key on qlikcrawler.source_code (report_key);

create table qlikcrawler.model_table (
    key           text collate "C" primary key,
    connection    text collate "C" not null,
    report_key    text collate "C",
    name          text,
    rows          bigint,
    fields        bigint,
    key_fields    bigint,
    comment       text,
    attributes    jsonb,
    hash          bytea not null,
    first_seen_at timestamptz not null,
    last_seen_at  timestamptz,
    retired_at    timestamptz
);
create index model_table_report_key on qlikcrawler.model_table (report_key);

create table qlikcrawler.model_field (
    key           text collate "C" primary key,
    connection    text collate "C" not null,
    report_key    text collate "C",
    name          text,
    tables        text[],
    is_key        boolean not null,
    is_hidden     boolean not null,
    cardinality   bigint,
    comment       text,
    tags          text[],
    attributes    jsonb,
    hash          bytea not null,
    first_seen_at timestamptz not null,
    last_seen_at  timestamptz,
    retired_at    timestamptz
);
create index model_field_report_key on qlikcrawler.model_field (report_key);

create table qlikcrawler.gap (
    unit       text collate "C" not null,
    part       text not null,
    key        text collate "C" not null,
    connection text collate "C" not null,
    error_code text not null,
    error      text not null,
    cure       text,
    since      timestamptz not null,
    primary key (unit, part, key)
);

create table qlikcrawler.change (
    id          bigint generated always as identity primary key,
    run         bigint not null,
    connection  text collate "C" not null,
    key         text collate "C" not null,
    what        text not null check (what in ('added', 'changed', 'retired', 'restored')),
    column_name text,
    old         text,
    new         text,
    at          timestamptz not null
);
create index change_key on qlikcrawler.change (key, id);

create table qlikcrawler.lineage_node (
    key        text collate "C" primary key,
    connection text collate "C", -- null for a dataset that connections share
    kind       text not null,
    name       text,
    report_key text collate "C",
    attributes jsonb
);

create table qlikcrawler.lineage_edge (
    id         bigint generated always as identity primary key,
    connection text collate "C",
    from_key   text collate "C" not null,
    to_key     text collate "C" not null,
    level      text not null check (level in ('table', 'column')),
    how        text not null check (how in ('direct', 'indirect')),
    origin     text not null,
    confidence double precision check (confidence between 0 and 1),
    statement  text,
    source_key text collate "C",
    tab        text,
    line       integer,
    "column"   integer,
    author     text,
    reason     text,
    run        bigint
);
create index lineage_edge_from_key on qlikcrawler.lineage_edge (from_key);
create index lineage_edge_to_key on qlikcrawler.lineage_edge (to_key);

create table qlikcrawler.lineage_gap (
    id         bigint generated always as identity primary key,
    connection text collate "C" not null,
    unit       text collate "C" not null,
    source_key text collate "C",
    tab        text,
    line       integer,
    "column"   integer,
    what       text,
    why        text
);

-- How many live rows a connection has, by what they are. All its keys start with its code.
-- +goose StatementBegin
create function qlikcrawler.counts(connection_code text) returns jsonb language sql stable as $$
    select jsonb_build_object(
        'streams', (select count(*) from qlikcrawler.report_group
            where key >= connection_code || '/' and key < connection_code || '0' and retired_at is null and kind = 'stream'),
        'apps', r.apps, 'sheets', r.sheets, 'cells', r.cells,
        'measures', f.measures, 'dimensions', f.dimensions,
        'master_objects', f.master_objects, 'variables', f.variables,
        'scripts', (select count(*) from qlikcrawler.source_code
            where key >= connection_code || '/' and key < connection_code || '0' and retired_at is null),
        'tables', (select count(*) from qlikcrawler.model_table
            where key >= connection_code || '/' and key < connection_code || '0' and retired_at is null),
        'fields', (select count(*) from qlikcrawler.model_field
            where key >= connection_code || '/' and key < connection_code || '0' and retired_at is null),
        'gaps', (select count(*) from qlikcrawler.gap
            where unit >= connection_code || '/' and unit < connection_code || '0'))
    from (select count(*) filter (where kind = 'app') as apps,
                 count(*) filter (where kind = 'sheet') as sheets,
                 count(*) filter (where kind = 'cell') as cells
          from qlikcrawler.report
          where key >= connection_code || '/' and key < connection_code || '0' and retired_at is null) r,
         (select count(*) filter (where type = 'Measure') as measures,
                 count(*) filter (where type = 'Dimension') as dimensions,
                 count(*) filter (where type = 'Master Object') as master_objects,
                 count(*) filter (where type = 'Variable') as variables
          from qlikcrawler.report_field
          where key >= connection_code || '/' and key < connection_code || '0' and retired_at is null) f
$$;
-- +goose StatementEnd

-- The public views. Columns are only ever added at their ends.

create schema catalog;

create view catalog.connection as
select code, name, type, environment, description, url, health, health_reason, health_since,
       last_success_at, next_run_at, qlikcrawler.counts(code) as counts, governance
from qlikcrawler.connection;

create view catalog.report_group as
select t.key, t.connection, t.parent_key, 'Domain'::text as type, t.kind, t.name, t.description, t.owner,
       t.tags, t.attributes, t.created_at, t.modified_at, t.first_seen_at,
       case when t.retired_at is null then c.last_success_at else t.last_seen_at end as last_seen_at,
       t.retired_at
from qlikcrawler.report_group t join qlikcrawler.connection c on c.code = t.connection;

create view catalog.report as
select t.key, t.connection, t.group_key, t.parent_key, t.type, t.kind, t.name, t.source_description,
       t.owner, t.url, t.published, t.approved, t.position, t.tags, t.attributes,
       t.created_at, t.modified_at, t.published_at, t.reloaded_at, t.first_seen_at,
       case when t.retired_at is null then c.last_success_at else t.last_seen_at end as last_seen_at,
       t.retired_at
from qlikcrawler.report t join qlikcrawler.connection c on c.code = t.connection;

create view catalog.report_field as
select t.key, t.connection, t.report_key, t.type, t.origin, t.name, t.label, t.formula, t.description,
       t.master_key, t.tags, t.attributes, t.created_at, t.modified_at, t.first_seen_at,
       case when t.retired_at is null then c.last_success_at else t.last_seen_at end as last_seen_at,
       t.retired_at
from qlikcrawler.report_field t join qlikcrawler.connection c on c.code = t.connection;

create view catalog.source_code as
select t.key, t.connection, t.report_key, t.type, t.name, t.code, t.language, t.sha256, t.lines,
       t.first_seen_at,
       case when t.retired_at is null then c.last_success_at else t.last_seen_at end as last_seen_at,
       t.retired_at
from qlikcrawler.source_code t join qlikcrawler.connection c on c.code = t.connection;

create view catalog.model_table as
select t.key, t.connection, t.report_key, t.name, t.rows, t.fields, t.key_fields, t.comment, t.attributes,
       t.first_seen_at,
       case when t.retired_at is null then c.last_success_at else t.last_seen_at end as last_seen_at,
       t.retired_at
from qlikcrawler.model_table t join qlikcrawler.connection c on c.code = t.connection;

create view catalog.model_field as
select t.key, t.connection, t.report_key, t.name, t.tables, t.is_key, t.is_hidden, t.cardinality,
       t.comment, t.tags, t.attributes, t.first_seen_at,
       case when t.retired_at is null then c.last_success_at else t.last_seen_at end as last_seen_at,
       t.retired_at
from qlikcrawler.model_field t join qlikcrawler.connection c on c.code = t.connection;

create view catalog.gap as
select connection, unit as app_key, part, key, error_code, error, since
from qlikcrawler.gap;

create view catalog.lineage_node as
select key, connection, kind, name, report_key, attributes
from qlikcrawler.lineage_node;

create view catalog.lineage_edge as
select connection, from_key, to_key, level, how, origin, confidence, statement, source_key, tab, line,
       "column", author, reason, run
from qlikcrawler.lineage_edge;

create view catalog.lineage_gap as
select connection, unit as app_key, source_key, tab, line, "column", what, why
from qlikcrawler.lineage_gap;

create view catalog.crawl_run as
select id, connection, mode, trigger, state, tally, started_at, finished_at, error
from qlikcrawler.crawl_run;

create view catalog.crawl_outcome as
select run, unit as app_key, change, error_code, error, duration_ms
from qlikcrawler.crawl_outcome;

create view catalog.change as
select run, key, what, column_name, old, new, at
from qlikcrawler.change;
