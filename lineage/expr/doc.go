// Package expr reads Qlik expressions: those of charts (set analysis, Aggr, dollar expansion) and those of
// load scripts.
package expr
