// Package expr reads Qlik expressions: those of charts (set analysis, Aggr, dollar expansion) and those of
// load scripts.
//
// There are four doors. A [Scanner] cuts text into tokens by Qlik's rules of quoting; [Parse] makes a tree
// of one expression; [Eval] computes a tree as far as that can be done without data; [Read] tells what an
// expression of a chart refers to, with the app's variables expanded.
//
// No door ever fails: what can't be understood is a [Diagnostic] with its place, and what stands around it
// is read all the same. Time is linear in the length of the text, and depth is bounded.
package expr
