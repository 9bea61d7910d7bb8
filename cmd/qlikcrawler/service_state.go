package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// A serviceState is what Windows is told of a service.
type serviceState int

const (
	serviceStarting serviceState = iota
	serviceRunning
	serviceStopping
)

// A serviceRequest is what Windows asks of a service.
type serviceRequest int

const (
	serviceInterrogate serviceRequest = iota // say again how you are
	serviceStop                              // by a person, or because the machine goes down
)

// control does the service's work until it ends by itself or a request says stop, and reports each state.
// It returns the work's exit status. Requests that come while it stops are answered, and change nothing.
func control(ctx context.Context, requests <-chan serviceRequest, sign <-chan time.Time, report func(serviceState), work func(context.Context) int) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	report(serviceStarting)
	ended := make(chan int, 1)
	go func() { ended <- work(ctx) }()
	state := serviceRunning
	report(state)
	for {
		select {
		case status := <-ended:
			if state == serviceStopping {
				return exitDone // as it was asked to
			}
			return status
		case request := <-requests:
			if request == serviceStop {
				state = serviceStopping
				cancel()
			}
			report(state)
		case <-sign:
			if state == serviceStopping {
				report(state)
			}
		}
	}
}

// An event is a line of the log as the event log of Windows takes it.
type event struct {
	Level string // INFO, WARN, ERROR; DEBUG isn't written
	Text  string
}

// eventOf reads a line of our log, which is JSON; a line that isn't is an error that the program tells a person.
func eventOf(line []byte) event {
	var entry struct {
		Level   string `json:"level"`
		Message string `json:"msg"`
	}
	text := strings.TrimSpace(string(line))
	if json.Unmarshal(line, &entry) != nil || entry.Level == "" {
		return event{Level: "ERROR", Text: text}
	}
	return event{Level: entry.Level, Text: entry.Message + "\r\n" + text}
}

// readEnvFile reads variables, one NAME=VALUE a line; # begins a comment line, and quotes around a value don't
// belong to it. Errors tell lines, never values: they are secrets.
func readEnvFile(path string) (map[string]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, wrongUse("--env-file: %w", err)
	}
	variables := map[string]string{}
	for i, line := range strings.Split(strings.TrimPrefix(string(b), "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(name, " \t\"'") {
			return nil, wrongUse("--env-file: %w", fmt.Errorf("%s, line %d: want NAME=VALUE", path, i+1))
		}
		value = strings.TrimSpace(value)
		if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
			value = value[1 : n-1]
		}
		variables[name] = value
	}
	return variables, nil
}
