package main

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/crawler"
	"github.com/qlikcrawler/qlikcrawler/web"
)

// metrics are what the service counts, by Prometheus' names and units. Counters are this process's own: sum
// them over all. What the database knows is the same from every process.
type metrics struct {
	registry *prometheus.Registry

	apps   *prometheus.CounterVec // by connection and change
	qlik   *prometheus.CounterVec // by connection and kind
	asked  *prometheus.CounterVec // by connection, kind and status
	bytes  *prometheus.CounterVec // by connection
	engine *prometheus.CounterVec // by connection
	crawls *prometheus.CounterVec // by connection and mode
	pruned *prometheus.CounterVec // by table
	http   *prometheus.HistogramVec
}

func newMetrics(db *database, log *slog.Logger) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		apps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qlikcrawler_apps_total", Help: "Apps that this process has read, by what became of them.",
		}, []string{"connection", "change"}),
		qlik: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qlikcrawler_qlik_operations_total",
			Help: "What this process has asked of Qlik in crawls: REST requests, Engine calls, sockets, opens (without and with data), sessions.",
		}, []string{"connection", "kind"}),
		asked: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qlikcrawler_qlik_requests_total",
			Help: "Requests of this process to Qlik as they were answered: REST requests by HTTP status, Engine calls by ok or error_CODE, no_answer for those that had none.",
		}, []string{"connection", "kind", "status"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qlikcrawler_qlik_received_bytes_total", Help: "Payload bytes that this process has received from Qlik in crawls.",
		}, []string{"connection"}),
		engine: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qlikcrawler_qlik_engine_seconds_total",
			Help: "For how long the Engine owed this process answers in crawls, its work and the way to it, all sockets together.",
		}, []string{"connection"}),
		crawls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qlikcrawler_crawls_ended_total", Help: "Crawls that have ended and in which this process took part; qlikcrawler_crawl_runs tells how.",
		}, []string{"connection", "mode"}),
		pruned: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "qlikcrawler_pruned_rows_total", Help: "Rows that this process has deleted since they were older than what is kept.",
		}, []string{"table"}),
		http: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "qlikcrawler_http_request_duration_seconds", Help: "How long answers took, by route; event streams last as long as somebody listens.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route", "status"}),
	}
	m.registry.MustRegister(m.apps, m.qlik, m.asked, m.bytes, m.engine, m.crawls, m.pruned, m.http, newCatalogCollector(db, log),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// answered counts an answer of the HTTP side.
func (m *metrics) answered(a web.Answer) {
	route := a.Route
	if route == "" {
		route = "none" // no such page: addresses that people make up are not labels
	}
	m.http.WithLabelValues(a.Method, route, strconv.Itoa(a.Status)).Observe(a.Took.Seconds())
}

// observing counts the outcomes of a crawl's apps and passes everything on.
func (m *metrics) observing(connection string, next crawler.Observer) crawler.Observer {
	return func(e crawler.Event) {
		if e.Outcome != nil {
			m.apps.WithLabelValues(connection, string(e.Outcome.Change)).Inc()
		}
		next(e)
	}
}

// ended counts a crawl that has ended, and what it cost this process.
func (m *metrics) ended(run catalog.Run, u catalog.Usage) {
	m.crawls.WithLabelValues(run.Connection, string(run.Mode)).Inc()
	for kind, n := range map[string]int64{
		"rest_request": u.Requests, "engine_call": u.Calls, "socket": u.Sockets, "open": u.Opens, "open_with_data": u.OpensWithData, "session": u.Sessions,
	} {
		m.qlik.WithLabelValues(run.Connection, kind).Add(float64(n))
	}
	m.bytes.WithLabelValues(run.Connection).Add(float64(u.BytesReceived))
	m.engine.WithLabelValues(run.Connection).Add(float64(u.EngineMillis) / 1000)
}

// answering counts a connection's requests as they are answered.
func (m *metrics) answering(connection string) func(kind, status string) {
	return func(kind, status string) { m.asked.WithLabelValues(connection, kind, status).Inc() }
}

// prunedRows counts rows that were deleted since they were too old.
func (m *metrics) prunedRows(table string, rows int64) {
	m.pruned.WithLabelValues(table).Add(float64(rows))
}

// A catalogCollector tells what the database knows, asked at each scrape.
type catalogCollector struct {
	db  *database
	log *slog.Logger

	runs, waiting, healthy, success, rows, pool, poolMost, poolWaits *prometheus.Desc
}

func newCatalogCollector(db *database, log *slog.Logger) *catalogCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("qlikcrawler_"+name, help, labels, nil)
	}
	return &catalogCollector{
		db: db, log: log,
		runs:      desc("crawl_runs", "Crawls that the catalog remembers, by state.", "connection", "state"),
		waiting:   desc("crawl_apps_waiting", "Apps of running crawls that nobody has read yet.", "connection"),
		healthy:   desc("connection_healthy", "1: the last check or crawl of the connection went well. 0: it didn't. Absent: not known.", "connection"),
		success:   desc("connection_last_success_timestamp_seconds", "When the connection's last complete crawl ended.", "connection"),
		rows:      desc("catalog_rows", "Rows of the catalog, as the database estimates them.", "table"),
		pool:      desc("database_connections", "Connections of this process to the database, by state.", "state"),
		poolMost:  desc("database_connections_max", "Connections that this process may open."),
		poolWaits: desc("database_connection_waits_total", "How often a connection to the database had to be waited for."),
	}
}

func (c *catalogCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.runs, c.waiting, c.healthy, c.success, c.rows, c.pool, c.poolMost, c.poolWaits} {
		ch <- d
	}
}

// scrapeTimeout is how long the database may take; then its metrics are missing from the scrape.
const scrapeTimeout = 5 * time.Second

func (c *catalogCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	stat := c.db.Pool().Stat()
	gauge(c.pool, float64(stat.AcquiredConns()), "used")
	gauge(c.pool, float64(stat.IdleConns()), "idle")
	gauge(c.poolMost, float64(stat.MaxConns()))
	ch <- prometheus.MustNewConstMetric(c.poolWaits, prometheus.CounterValue, float64(stat.EmptyAcquireCount()))
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	m, err := c.db.Measure(ctx)
	if err != nil {
		c.log.Warn("the database's metrics are missing from a scrape", "error", err)
		return
	}
	for _, r := range m.Runs {
		gauge(c.runs, float64(r.Count), r.Connection, string(r.State))
	}
	for code, n := range m.Waiting {
		gauge(c.waiting, float64(n), code)
	}
	for _, x := range m.Connections {
		if x.Health != catalog.Unknown {
			gauge(c.healthy, map[bool]float64{true: 1}[x.Health == catalog.Green], x.Code)
		}
		if !x.LastSuccessAt.IsZero() {
			gauge(c.success, float64(x.LastSuccessAt.Unix()), x.Code)
		}
	}
	for table, n := range m.Rows {
		gauge(c.rows, float64(n), table)
	}
}
