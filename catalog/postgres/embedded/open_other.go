//go:build !linux && !darwin

package embedded

import (
	"context"
	"fmt"
	"runtime"
)

// places has no members where the embedded Postgres does not run.
type places struct{}

func usualPlaces() places { return places{} }

func open(context.Context, Config, places) (*Server, error) {
	return nil, fmt.Errorf("the embedded Postgres does not run on %s: set QLIKCRAWLER_DATABASE_URL to a Postgres of version 14 or newer", runtime.GOOS)
}
