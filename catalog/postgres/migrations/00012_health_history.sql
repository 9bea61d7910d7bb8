-- What the health of connections was: a row each time that it changes, whoever changes it.

-- +goose Up

create table qlikcrawler.health_change (
    id         bigint generated always as identity primary key,
    connection text collate "C" not null references qlikcrawler.connection on delete cascade,
    at         timestamptz not null default clock_timestamp(),
    health     text not null,
    reason     text
);
create index health_change_connection on qlikcrawler.health_change (connection, id);

insert into qlikcrawler.health_change (connection, at, health, reason)
select code, coalesce(health_since, created_at), health, health_reason from qlikcrawler.connection where health <> 'unknown';

-- +goose StatementBegin
-- Of each connection the newest hundred are kept.
create function qlikcrawler.health_changed() returns trigger language plpgsql as $$
begin
    insert into qlikcrawler.health_change (connection, health, reason) values (new.code, new.health, new.health_reason);
    delete from qlikcrawler.health_change where connection = new.code and id < (
        select id from qlikcrawler.health_change where connection = new.code order by id desc offset 99 limit 1);
    return null;
end $$;
-- +goose StatementEnd

create trigger health_changed after update of health, health_reason on qlikcrawler.connection for each row
    when (old.health is distinct from new.health or old.health_reason is distinct from new.health_reason)
    execute function qlikcrawler.health_changed();
