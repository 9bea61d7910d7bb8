package main

import (
	"github.com/qlikcrawler/qlikcrawler/connector"
	"github.com/qlikcrawler/qlikcrawler/connector/qliksense"
)

// sources are the kinds of sites that this program reads.
func sources() connector.Sources { return connector.Sources{qliksense.Source()} }
