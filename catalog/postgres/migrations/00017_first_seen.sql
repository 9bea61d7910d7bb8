-- first_seen_at is the moment of storing, not the start of the run.

-- +goose Up

comment on column catalog.report_group.first_seen_at is 'When a crawl first stored it.';
comment on column catalog.report.first_seen_at is 'When a crawl first stored it.';
comment on column catalog.report_field.first_seen_at is 'When a crawl first stored it.';
comment on column catalog.source_code.first_seen_at is 'When a crawl first stored it.';
comment on column catalog.model_table.first_seen_at is 'When a crawl first stored it.';
comment on column catalog.model_field.first_seen_at is 'When a crawl first stored it.';
