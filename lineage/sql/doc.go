// Package sql reads the SQL of load scripts, of any dialect and as far as lineage needs it: which tables
// and columns each column of the result comes from. What it doesn't understand it reads at table level,
// and says so.
package sql
