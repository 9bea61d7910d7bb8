-- Outcomes of apps in the order in which they can be seen, for those who follow a crawl.

-- +goose Up

-- The transaction that wrote the outcome; null: written before this version. Who has read all outcomes of
-- transactions before some other one, when none of those was running any more, misses nothing by going on
-- from there.
alter table qlikcrawler.crawl_outcome add column xid xid8;
alter table qlikcrawler.crawl_outcome alter column xid set default pg_current_xact_id();
create index crawl_outcome_order on qlikcrawler.crawl_outcome (run, xid);
