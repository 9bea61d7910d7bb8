package catalog

import (
	"context"
	"io"
	"time"
)

// A LogLine is one line of a crawl's log, without the time in front. It never holds a secret.
type LogLine struct {
	At   time.Time
	Text string
}

// A RunLog says of which run there is a log, and how much of it.
type RunLog struct {
	Run     Run
	Bytes   int64
	Dropped int64 // lines that came when the log was full
}

// A LogFile is a log as it is downloaded.
type LogFile struct {
	Name  string // "qlikcrawler_qlik-prod_20240131_235959.log"; "": there is no log, and Write says so
	Write func(ctx context.Context, w io.Writer) error
}
