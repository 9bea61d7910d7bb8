-- The ids of master keys that a rotation has replaced: a program that still has such a key may not
-- seal with it, or its secrets would be lost.

-- +goose Up

create table qlikcrawler.retired_key (
    id         bytea primary key,
    retired_at timestamptz not null default now()
);
