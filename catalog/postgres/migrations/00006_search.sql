-- What search, lists and pages need: words of every row, the words that names are made of with their
-- misspellings, orders that people ask for, and who answers for what.

-- +goose Up

-- The words of a row, and what it is filtered by; see search_terms.go. Null: not made yet (search_pending).
alter table qlikcrawler.report_group add column search tsvector;
alter table qlikcrawler.report add column search tsvector;
alter table qlikcrawler.report_field add column search tsvector;
alter table qlikcrawler.source_code add column search tsvector;
alter table qlikcrawler.model_table add column search tsvector;
alter table qlikcrawler.model_field add column search tsvector;

-- Most rows are of charts, and few people look for them first: they stand apart.
create index report_cell_search on qlikcrawler.report using gin (search) with (gin_pending_list_limit = 512) where kind = 'cell';
create index report_field_inline_search on qlikcrawler.report_field using gin (search) with (gin_pending_list_limit = 512)
    where origin = 'inline';
-- The pending list of an index is read whole by every search: it is kept short.
create index report_group_search on qlikcrawler.report_group using gin (search) with (gin_pending_list_limit = 512);
create index report_search on qlikcrawler.report using gin (search) with (gin_pending_list_limit = 512) where kind <> 'cell';
create index report_field_search on qlikcrawler.report_field using gin (search) with (gin_pending_list_limit = 512)
    where origin <> 'inline';
create index source_code_search on qlikcrawler.source_code using gin (search) with (gin_pending_list_limit = 512);
create index model_table_search on qlikcrawler.model_table using gin (search) with (gin_pending_list_limit = 512);
create index model_field_search on qlikcrawler.model_field using gin (search) with (gin_pending_list_limit = 512);

-- Tables with rows of an earlier version, whose words the program makes when it migrates.
create table qlikcrawler.search_pending (table_name text primary key);
insert into qlikcrawler.search_pending values
    ('report_group'), ('report'), ('report_field'), ('source_code'), ('model_table'), ('model_field');

-- The words of names, each also with any one of its letters left out: two words that have such a form in
-- common are one slip of the keyboard apart.
create table qlikcrawler.search_word (
    form text collate "C" not null,
    word text collate "C" not null,
    primary key (form, word)
);

-- Lists by name. A key may be as long as an index entry can be, so that it can't stand behind the name.
create index report_kind_name on qlikcrawler.report (kind, lower(left(coalesce(name, ''), 200))) where kind <> 'cell';
create index report_field_type_name on qlikcrawler.report_field (type, lower(left(coalesce(name, ''), 200)));
-- The apps of a stream.
create index report_group_parent_key on qlikcrawler.report_group (parent_key) where parent_key is not null;
create index report_field_master_key on qlikcrawler.report_field (master_key) where master_key is not null;
create index change_connection on qlikcrawler.change (connection, id);

-- Who answers for a report group or a report. Connections have theirs in their own row.
create table qlikcrawler.governance (
    key         text collate "C" primary key,
    connection  text collate "C" not null references qlikcrawler.connection on delete cascade,
    owner       text,
    steward     text,
    custodian   text,
    modified_at timestamptz not null default now(),
    modified_by text
);
