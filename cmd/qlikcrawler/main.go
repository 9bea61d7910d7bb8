// Command qlikcrawler reads the metadata of Qlik Sense sites into a catalog in Postgres.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/qlikcrawler/qlikcrawler/crawler/heap"
)

func main() {
	tense := heap.Ease()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first Ctrl-C ends cleanly; who sends a second one doesn't want to wait
	code := run(ctx, os.Args[1:], environment{Getenv: os.Getenv, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
	stop()
	tense()
	os.Exit(code)
}
