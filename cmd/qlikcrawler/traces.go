package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// tracing sends traces when OpenTelemetry's own variables say where to: OTEL_EXPORTER_OTLP_ENDPOINT or
// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. Spans hold names, keys and codes, never texts of errors or addresses'
// queries, in which secrets might be. end sends what is left.
func (a *app) tracing(ctx context.Context) (t trace.Tracer, end func(context.Context) error, err error) {
	none := func(context.Context) error { return nil }
	if !a.wantsTraces() {
		return otel.GetTracerProvider().Tracer("qlikcrawler"), none, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, none, fmt.Errorf("start tracing: %w", err)
	}
	who, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "qlikcrawler"), attribute.String("service.version", currentVersion().Version)), resource.WithFromEnv())
	if err != nil {
		return nil, none, fmt.Errorf("start tracing: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(who))
	a.log.InfoContext(ctx, "sending traces")
	return provider.Tracer("qlikcrawler"), provider.Shutdown, nil
}

// wantsTraces tells whether OpenTelemetry's variables say where traces go.
func (a *app) wantsTraces() bool {
	return (a.env.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || a.env.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "") &&
		!strings.EqualFold(a.env.Getenv("OTEL_SDK_DISABLED"), "true")
}

// traced makes a span of each request. Its name is the route, which has nothing of the caller's in it.
func traced(t trace.Tracer, next http.Handler) http.Handler {
	return otelhttp.NewHandler(next, "request",
		otelhttp.WithTracerProvider(oneTracer{TracerProvider: otel.GetTracerProvider(), tracer: t}),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			if r.Pattern != "" {
				return r.Pattern
			}
			return r.Method
		}))
}

// oneTracer gives the one tracer of this program, whoever asks.
type oneTracer struct {
	trace.TracerProvider
	tracer trace.Tracer
}

func (o oneTracer) Tracer(string, ...trace.TracerOption) trace.Tracer { return o.tracer }

// stage is a span of a crawl's work; end takes what became of it.
func stage(ctx context.Context, t trace.Tracer, name string, run catalog.Run) (context.Context, func(error)) {
	ctx, span := t.Start(ctx, name, trace.WithAttributes(
		attribute.String("qlikcrawler.connection", run.Connection), attribute.Int64("qlikcrawler.run", int64(run.ID)), attribute.String("qlikcrawler.mode", string(run.Mode))))
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, string(catalog.CodeOf(err)))
		}
		span.End()
	}
}
