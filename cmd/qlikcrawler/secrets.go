package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
)

func newSecrets(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "secrets",
		Short:   "Look after the key that seals stored secrets",
		Example: "  qlikcrawler secrets rotate",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSecretsRotate(a))
	return cmd
}

func newSecretsRotate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "rotate",
		Short: "Seal all stored secrets with a new master key",
		Long: `Seal all stored secrets with a new master key, in one transaction: all of it happens, or nothing.

The new key is that of QLIKCRAWLER_NEW_MASTER_KEY, or of the file that QLIKCRAWLER_NEW_MASTER_KEY_FILE
names. Without either, and where the master key is the data folder's own, a new one is made and takes
its place. A rotation that broke off is finished by the next one; until then both keys open what is
stored. Every command reads with both QLIKCRAWLER_MASTER_KEY and QLIKCRAWLER_NEW_MASTER_KEY, so
programs that have both set go on working while the key changes.`,
		Example: "  qlikcrawler secrets rotate\n  QLIKCRAWLER_NEW_MASTER_KEY=$(openssl rand -base64 32) qlikcrawler secrets rotate",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withDatabase(cmd.Context(), func(db *database) error {
				rotation, err := a.rotate(cmd.Context(), db)
				if err != nil {
					return err
				}
				return a.saidRotated(cmd, rotation)
			})
		},
	}
}

// rotate gives the stored secrets another master key, and where the key is the data folder's own puts
// the new one in its place.
func (a *app) rotate(ctx context.Context, db *database) (postgres.Rotation, error) {
	next, err := a.config.newMasterKey()
	if err != nil {
		return postgres.Rotation{}, err
	}
	if a.config.ownsMasterKey() {
		return a.rotateOwn(ctx, db, next)
	}
	key, err := a.config.masterKey()
	switch {
	case err != nil:
		return postgres.Rotation{}, err
	case key == nil:
		return postgres.Rotation{}, wrongUse("there is no master key to replace: set QLIKCRAWLER_MASTER_KEY or QLIKCRAWLER_MASTER_KEY_FILE to the one in use")
	case next == nil:
		return postgres.Rotation{}, wrongUse("set QLIKCRAWLER_NEW_MASTER_KEY or QLIKCRAWLER_NEW_MASTER_KEY_FILE to the new key; %s", masterKeyCure)
	case bytes.Equal(key, next):
		return postgres.Rotation{}, wrongUse("the new master key is the one in use; %s", masterKeyCure)
	}
	return db.Rotate(ctx, next)
}

// rotateOwn replaces the key file of the data folder. The new key is in a file beside it before anything
// is sealed with it, and takes the old one's place when everything is: whenever this breaks off, one of
// the two files opens what is stored, every command reads both, and the next rotation goes on from here.
func (a *app) rotateOwn(ctx context.Context, db *database, given []byte) (postgres.Rotation, error) {
	file, pending := a.config.ownKeyFile(), a.config.pendingKeyFile()
	next, err := readKeyFile(pending)
	if err != nil {
		return postgres.Rotation{}, err
	}
	if next != nil && given != nil && !bytes.Equal(next, given) {
		if _, err := a.rotateTo(ctx, db, next, pending, file); err != nil {
			return postgres.Rotation{}, err
		}
		next = nil
	}
	if next == nil {
		if next = given; next == nil {
			next = randomKey()
		}
		if err := writeKeyFile(pending, next); err != nil {
			return postgres.Rotation{}, err
		}
	}
	return a.rotateTo(ctx, db, next, pending, file)
}

func (a *app) rotateTo(ctx context.Context, db *database, next []byte, pending, file string) (postgres.Rotation, error) {
	rotation, err := db.Rotate(ctx, next)
	if err != nil {
		return rotation, err
	}
	if err := errors.Join(os.Rename(pending, file), syncFolder(filepath.Dir(file))); err != nil {
		return rotation, fmt.Errorf("the secrets are sealed with the key in %s, but it could not take the place of %s (keep both, and rotate again): %w", pending, file, err)
	}
	return rotation, nil
}

func (a *app) saidRotated(cmd *cobra.Command, r postgres.Rotation) error {
	next := "the new key is in " + a.config.ownKeyFile() + "; keep a copy apart from the database's backups"
	switch {
	case a.config.ownsMasterKey():
	case a.config.MasterKeyFile != "":
		next = "now put the new key into " + a.config.MasterKeyFile + ", wherever this program runs"
	default:
		next = "now set QLIKCRAWLER_MASTER_KEY to the new key, wherever this program runs"
	}
	if a.json {
		return printJSON(cmd.OutOrStdout(), map[string]any{"secrets": r.Secrets, "connections": r.Connections, "next": next})
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s of %s sealed with a new master key\n%s\n", count(r.Secrets, "secret"), count(r.Connections, "connection"), next)
	return nil
}
