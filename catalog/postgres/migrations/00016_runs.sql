-- The tally of a shared run tells its lineage, and the log of a run is read by time.

-- +goose Up

-- Lines of several processes, in the order of what happened.
create index run_log_at on qlikcrawler.run_log (run, at, id);

-- How much lineage a shared run made: who makes it says so, since nothing else tells once a later build has replaced it.
alter table qlikcrawler.crawl_run add column lineage jsonb;

-- +goose StatementBegin
create or replace function qlikcrawler.tally(run_id bigint) returns jsonb language sql stable as $$
    select r.planned
        || case when r.lineage is null then '{}' else jsonb_build_object('lineage', r.lineage) end
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
-- +goose StatementEnd
