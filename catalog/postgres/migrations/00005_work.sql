-- Runs that many processes share, schedules, and who works for a connection.

-- +goose Up

alter table qlikcrawler.crawl_run
    add column shared boolean not null default false, -- by a queue; else one process owns the run
    add column asked_at timestamptz not null default now(),
    add column asked_by text,
    add column stage text not null default 'listing' check (stage in ('listing', 'reading', 'retiring')),
    add column worker text, -- the process that lists or retires; null: none at present
    add column attempt integer not null default 0, -- of those; a later one fences an earlier one off
    add column resumes integer not null default 0, -- of those, because a process had died
    add column planned jsonb not null default '{}', -- the part of the tally that the plan says
    add column version bigint not null default 0; -- one more with each change that a watcher may see

-- What a shared run has still to do: units to be read, and, without a batch, units to be retired.
create table qlikcrawler.run_app (
    run    bigint not null references qlikcrawler.crawl_run on delete cascade,
    unit   text collate "C" not null,
    batch  integer,
    packed bytea,
    primary key (run, unit)
);
create index run_app_batch on qlikcrawler.run_app (run, batch);

-- A few units of a run that one process reads: waiting for its turn, queued (a job is on its way),
-- working, done.
create table qlikcrawler.run_batch (
    run          bigint not null references qlikcrawler.crawl_run on delete cascade,
    number       integer not null,
    state        text not null default 'waiting' check (state in ('waiting', 'queued', 'working', 'done')),
    since        timestamptz not null default now(),
    worker       text,
    attempt      integer not null default 0,
    resumes      integer not null default 0,
    heartbeat_at timestamptz,
    primary key (run, number)
);
create index run_batch_open on qlikcrawler.run_batch (run, state, number) where state <> 'done';
create index run_batch_working on qlikcrawler.run_batch (worker) where state = 'working';

-- What each process asked of the source in a run.
create table qlikcrawler.run_usage (
    run    bigint not null references qlikcrawler.crawl_run on delete cascade,
    worker text not null,
    usage  jsonb not null,
    primary key (run, worker)
);

-- A process that has a Qlik session of a connection.
create table qlikcrawler.lease (
    connection   text collate "C" not null references qlikcrawler.connection on delete cascade,
    worker       text not null,
    slots        integer not null default 0, -- apps it reads at a time beside batches
    run          bigint, -- of a process that owns a run: it lives as long as it has owner/ID
    heartbeat_at timestamptz not null default now(),
    primary key (connection, worker)
);

create table qlikcrawler.schedule (
    connection  text collate "C" primary key references qlikcrawler.connection on delete cascade,
    cron        text not null,
    time_zone   text not null,
    mode        text not null check (mode in ('full', 'delta')),
    full_every  integer not null default 0,
    enabled     boolean not null default true,
    runs        bigint not null default 0, -- since the last full one
    modified_at timestamptz not null default now()
);

alter table qlikcrawler.connection add column pruned_at timestamptz;
create index connection_next_run on qlikcrawler.connection (next_run_at) where next_run_at is not null;
create index crawl_run_open on qlikcrawler.crawl_run (id) where state in ('queued', 'running');
create index change_at on qlikcrawler.change using brin (at);

-- The tally of a shared run, from its rows.
-- +goose StatementBegin
create function qlikcrawler.tally(run_id bigint) returns jsonb language sql stable as $$
    select r.planned
        || jsonb_build_object(
            'added', coalesce(o.added, 0), 'updated', coalesce(o.updated, 0),
            'unchanged', coalesce((r.planned->>'skipped')::bigint, 0) + coalesce(o.unchanged, 0),
            'retired', coalesce(o.retired, 0), 'partial', coalesce(o.partial, 0), 'failed', coalesce(o.failed, 0),
            'usage', coalesce((select jsonb_object_agg(k, total) from (
                select e.key as k, sum(e.value::bigint) as total
                from qlikcrawler.run_usage u, jsonb_each_text(u.usage) e where u.run = r.id group by e.key) s), '{}'))
    from qlikcrawler.crawl_run r left join lateral (
        select count(*) filter (where change = 'added') as added, count(*) filter (where change = 'updated') as updated,
               count(*) filter (where change = 'unchanged') as unchanged, count(*) filter (where change = 'retired') as retired,
               count(*) filter (where change = 'partial') as partial, count(*) filter (where change = 'failed') as failed
        from qlikcrawler.crawl_outcome where run = r.id) o on true
    where r.id = run_id
$$;

-- Who watches a run is told when its row changes, and reads it again.
create function qlikcrawler.run_changed() returns trigger language plpgsql as $$
begin
    if new.state is distinct from old.state or new.stage is distinct from old.stage or new.tally is distinct from old.tally then
        new.version := old.version + 1;
        perform pg_notify('qlikcrawler_run', new.id::text);
    end if;
    return new;
end $$;
-- +goose StatementEnd

create trigger run_changed before update on qlikcrawler.crawl_run
    for each row execute function qlikcrawler.run_changed();
