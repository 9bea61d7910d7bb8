//go:build !windows

package main

// windowsServices is nil: this isn't Windows.
func windowsServices() serviceHost { return nil }
