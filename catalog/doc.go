// Package catalog has the words of the product: what a crawl produces, what the store keeps and what
// a person browses. It imports nothing of ours and knows neither Qlik nor Postgres.
//
// A Connection is a site to be read. A crawl of it is a Run. A Run lists Units (a Qlik app is one),
// reads each into a Snapshot, and leaves an Outcome for each. A Snapshot holds the rows that one Unit
// becomes: Report Groups, Reports, Report Fields, Source Code, and the data model's tables and fields.
// What could not be read is a Gap: the catalog keeps what it had there.
package catalog
