-- Links between what apps say are made anew only around the datasets that changed.

-- +goose Up

-- Datasets of which some app says something else than when links were last made.
create table qlikcrawler.lineage_touched (
    dataset text collate "C" not null,
    ticket  bigint not null -- those of one change of an app have one
);
create index lineage_touched_ticket on qlikcrawler.lineage_touched (ticket);

-- The ticket, if what changed since links were made is in lineage_touched. Another or none: somebody marked the app who
-- doesn't tell, such as an earlier version, and all links must be made anew.
alter table qlikcrawler.lineage_unlinked add column told bigint;

-- The dataset of from_key: a column's key doesn't always tell it.
alter table qlikcrawler.lineage_link add column from_dataset text collate "C";
create index lineage_link_from_dataset on qlikcrawler.lineage_link (from_dataset);

create index lineage_star_from_dataset on qlikcrawler.lineage_star (from_dataset);
create index lineage_star_to_dataset on qlikcrawler.lineage_star (to_dataset);

-- What is linked is as an earlier version left it: all of it is made anew once.
insert into qlikcrawler.lineage_unlinked (unit, ticket)
select '', nextval('qlikcrawler.content') where exists (select from qlikcrawler.lineage_unit)
on conflict (unit) do update set ticket = excluded.ticket;
