// Package crawler brings a catalog up to date with a source: list, plan, fetch, save, retire.
package crawler
