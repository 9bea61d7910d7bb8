package connector

import "github.com/qlikcrawler/qlikcrawler/catalog"

// A FieldError is one thing wrong with one key of a connection.
type FieldError = catalog.FieldError

// FieldErrors are all the things wrong with a connection, in the order of its keys.
type FieldErrors = catalog.FieldErrors
