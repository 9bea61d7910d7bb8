-- Lists of lineage gaps have pages.

-- +goose Up

-- No two gaps have it alike: where a page ends, the next one begins.
alter table qlikcrawler.lineage_gap add column id bigint generated always as identity;
