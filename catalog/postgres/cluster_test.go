package postgres_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qlikcrawler/qlikcrawler/catalog/postgres"
)

var socketDir string

func TestMain(m *testing.M) {
	code, err := withCluster(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

const bin = "/usr/lib/postgresql/15/bin/"

func withCluster(run func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "qcstore")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return 0, err
	}
	as := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(bin+name, args...)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		c.Dir = dir
		return c
	}
	data := filepath.Join(dir, "data")
	if out, err := as("initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("initdb: %w: %s", err, out)
	}
	if out, err := as("pg_ctl", "-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o",
		"-c listen_addresses='' -c max_connections=300 -c fsync="+fsync()+" -c unix_socket_directories="+dir, "start").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("start: %w: %s", err, out)
	}
	defer as("pg_ctl", "-D", data, "-m", "immediate", "stop").Run()
	socketDir = dir
	db, err := postgres.Open(context.Background(), postgres.Config{URL: url("postgres")})
	if err != nil {
		return 0, err
	}
	db.Close()
	return run(), nil
}

func fsync() string {
	if s := os.Getenv("STORE_FSYNC"); s != "" {
		return s
	}
	return "off"
}

func url(db string) string {
	return "host=" + socketDir + " user=postgres dbname=" + db
}

var dbs atomic.Int64

// newDatabase makes an empty database.
func newDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("t%d", dbs.Add(1))
	p, err := pgxpool.New(t.Context(), url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Exec(t.Context(), "create database "+name); err != nil {
		t.Fatal(err)
	}
	return url(name)
}
