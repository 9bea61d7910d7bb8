package connector

import (
	"context"
	"iter"
	"time"
)

// A Checker is a Connector that can say, step by step, what works on the way to its site and what a
// person has to change.
type Checker interface {
	Connector

	// Check goes the whole way: address, network, TLS, login, who the server took us for, session,
	// and one right after the other on a sample. It yields every step once, always the same ones in the
	// same order, each as soon as it has ended; after a failed step those that need it are skipped. It
	// never changes anything on the site, and it logs out: the connector is of no use after it. Stopping
	// early is free; an ended ctx stops it.
	Check(ctx context.Context) iter.Seq[Step]
}

// StepStatus is how a step of a check ended.
type StepStatus string

// How a step ended.
const (
	StepOK      StepStatus = "ok"
	StepFailed  StepStatus = "failed"
	StepSkipped StepStatus = "skipped" // it needs a step that failed, or it doesn't apply
)

// A Step is one step of a check.
type Step struct {
	Name   string     // "tls": the same in every version
	Title  string     // "Verify the server's certificate": what a person reads
	Status StepStatus //
	Detail string     // what was found, in a sentence; never a secret
	Err    error      // why it failed; its Code and Cure (package catalog) say what to change
	Key    string     // of a failed one: the connection's key that it is about, such as "proxy.url"; "": not just one
	Took   time.Duration
}
