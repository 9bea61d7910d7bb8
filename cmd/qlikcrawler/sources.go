package main

import (
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense"
	"github.com/qlikcrawler/qlikcrawler/connector/unbuilt"
)

// sources are the kinds of sites that this program reads.
func sources() connector.Sources { return connector.Sources{qliksense.Source(), unbuilt.Source()} }
