// Package sql reads the SQL of load scripts, of any dialect and as far as lineage needs it: which tables
// and columns each column of the result comes from. What it doesn't understand it reads at table level,
// and says so.
//
// [Read] takes one statement after dollar expansion and never fails. There is one lexer for all dialects
// and a recursive descent over clauses; expressions are only scanned for the names of columns. Names are
// kept as written, without their quotes; nothing is looked up in a database.
//
// What the reader can't know it says: a column without a qualifier, in a statement that joins several
// tables, comes from one of them, so that each is named as an [Origin] with Candidate set, unless the
// statement itself decides (a sub-query or CTE that delivers a column of that name, USING).
package sql
