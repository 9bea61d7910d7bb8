package main

import (
	"fmt"
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/qlikcrawler/qlikcrawler/crawler"
)

// A progressBar shows a crawl on standard error: a bar on a terminal, else a line now and then.
// show is called by one goroutine at a time.
type progressBar struct {
	w        io.Writer
	name     string
	bars     *mpb.Progress // nil: lines
	bar      *mpb.Bar
	lastLine time.Time
	latest   crawler.Event
	stage    crawler.Stage
}

func newProgressBar(w io.Writer, name string) *progressBar {
	p := &progressBar{w: w, name: name}
	if hasWidth(w) {
		p.bars = mpb.New(mpb.WithOutput(w), mpb.WithRefreshRate(120*time.Millisecond), mpb.WithWidth(40))
	}
	return p
}

// lineEvery is how often a crawl tells where it is when nobody watches a bar.
const lineEvery = 5 * time.Second

func (p *progressBar) show(e crawler.Event) {
	p.latest = e
	if e.Stage != p.stage {
		p.stage = e.Stage
		if e.Stage == crawler.Listing {
			fmt.Fprintf(p.w, "%s: listing streams and apps\n", p.name)
		}
		if e.Stage == crawler.Explaining && p.bars == nil {
			fmt.Fprintf(p.w, "%s: building lineage\n", p.name)
		}
	}
	if e.Stage != crawler.Reading {
		return
	}
	if p.bars != nil {
		p.moveBar(e)
		return
	}
	if now := time.Now(); p.lastLine.IsZero() || now.Sub(p.lastLine) >= lineEvery {
		p.lastLine = now
		p.line(e)
	}
}

func (p *progressBar) line(e crawler.Event) {
	t := e.Tally
	fmt.Fprintf(p.w, "%s: %d of %d apps read, %d partial, %d failed; %d requests, %d opens\n",
		p.name, t.Read(), t.Planned, t.Partial, t.Failed, t.Usage.Requests, t.Usage.Opens)
}

func (p *progressBar) moveBar(e crawler.Event) {
	if p.bar == nil {
		p.bar = p.bars.AddBar(int64(e.Tally.Planned),
			mpb.PrependDecorators(decor.Name(p.name+" "), decor.CountersNoUnit("%d/%d apps ")),
			mpb.AppendDecorators(
				decor.AverageSpeed(0, "%.1f/s "),
				decor.Name("ETA "), decor.AverageETA(decor.ET_STYLE_GO),
			),
		)
	}
	p.bar.SetCurrent(int64(e.Tally.Read()))
}

// done ends the bar where it stands.
func (p *progressBar) done() {
	switch {
	case p.bars != nil:
		if p.bar != nil && !p.bar.Completed() {
			p.bar.Abort(false)
		}
		p.bars.Wait()
	case !p.lastLine.IsZero():
		p.line(p.latest)
	}
}
