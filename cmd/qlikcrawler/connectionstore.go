package main

import (
	"context"

	"github.com/qlikcrawler/qlikcrawler/catalog"
	"github.com/qlikcrawler/qlikcrawler/connector/document"
	"github.com/qlikcrawler/qlikcrawler/connector/register"
	"github.com/qlikcrawler/qlikcrawler/connector/secret"
)

// A connection that comes from the catalog has the paths of its stored secrets, with empty values. They
// stay so through an edit that leaves them out, and are opened one by one when they are used.

// putConnection adds a connection, or makes the one with its code what it says.
func putConnection(ctx context.Context, db *database, conn catalog.Connection) error {
	old, err := db.Connection(ctx, conn.Code)
	if catalog.CodeOf(err) == catalog.CodeNotFound {
		return db.AddConnection(ctx, conn)
	}
	if err != nil {
		return err
	}
	return editConnection(ctx, db, conn, old)
}

// editConnection stores an edited connection: secrets with a value are new, those with an empty one
// are kept, and old ones that it no longer has are forgotten.
func editConnection(ctx context.Context, db *database, conn, old catalog.Connection) error {
	var drop []string
	conn.Secrets, drop = document.Edit(conn, old)
	return db.EditConnection(ctx, conn, drop)
}

// secretsOf gives a function that resolves the secrets of a connection when they are needed: the sealed
// ones of the catalog, and what the references in its settings point to. Without a database the
// connection is one of a file, and has its secrets itself.
func (a *app) secretsOf(db *database, conn catalog.Connection) func(context.Context, string) (string, error) {
	resolve := secret.Resolver{Getenv: a.env.Getenv}.Resolve
	if db == nil {
		return register.Secrets(nil, resolve, conn)
	}
	return register.Secrets(db.DB, resolve, conn)
}
