-- Connections as a team keeps them: edits that don't overwrite each other, removal in the background,
-- health checks, the log of a crawl, and what is to be told of it.

-- +goose Up

alter table qlikcrawler.connection
    add column revision      bigint not null default 1, -- counts edits
    add column deleting_at   timestamptz,               -- since when it is being removed
    add column removal_total bigint,                    -- rows to remove, once they were counted
    add column removal_done  bigint not null default 0; -- rows removed so far

-- The periodic check of a connection's health. Moving due_at is taking the check.
create table qlikcrawler.health_check (
    connection      text collate "C" primary key references qlikcrawler.connection on delete cascade,
    due_at          timestamptz not null default now(),
    checked_at      timestamptz,
    red_reason      text,   -- what the check found wrong; null: nothing
    halted_revision bigint  -- the settings with which a login was refused: not tried again with these
);

-- The log of a crawl, line by line; several processes append.
create table qlikcrawler.run_log (
    run  bigint not null references qlikcrawler.crawl_run on delete cascade,
    id   bigint generated always as identity,
    at   timestamptz not null,
    line text not null,
    primary key (run, id)
);
create table qlikcrawler.run_log_size (
    run     bigint primary key references qlikcrawler.crawl_run on delete cascade,
    bytes   bigint not null,
    dropped bigint not null default 0 -- lines that came when the log was full
);

-- What a finished crawl has to tell, and to whom. A row is made once a run and target, and stays until
-- its run goes.
alter table qlikcrawler.crawl_run add column notified_at timestamptz; -- its notifications are in the outbox
update qlikcrawler.crawl_run set notified_at = now() where finished_at is not null;
create index crawl_run_untold on qlikcrawler.crawl_run (id) where notified_at is null and state in ('done', 'failed');

create table qlikcrawler.notification (
    id            uuid primary key default gen_random_uuid(), -- what receivers know a repetition by
    connection    text collate "C" not null references qlikcrawler.connection on delete cascade,
    run           bigint not null references qlikcrawler.crawl_run on delete cascade,
    channel       text not null check (channel in ('email', 'webhook')),
    target        text not null,
    digest        json not null,
    created_at    timestamptz not null default now(),
    due_at        timestamptz default now(), -- null: sent or given up
    attempts      integer not null default 0,
    sent_at       timestamptz,
    error         text,
    unique (run, channel, target)
);
create index notification_due on qlikcrawler.notification (due_at) where due_at is not null;
create index notification_connection on qlikcrawler.notification (connection);
