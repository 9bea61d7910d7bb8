-- What the apps of a crawl under way are called, as the listing has it: those of a first crawl are nowhere else yet.

-- +goose Up

alter table qlikcrawler.run_app add column name text;
