-- The long lists that weren't sorted by name by an index: charts, and the fields of data models.

-- +goose Up

create index report_cell_name on qlikcrawler.report (lower(left(coalesce(name, ''), 200))) where kind = 'cell';
create index model_field_name on qlikcrawler.model_field (lower(left(coalesce(name, ''), 200)));
