package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"modernc.org/sqlite" // the driver "sqlite", too
	sqlite3 "modernc.org/sqlite/lib"
)

// Database holds runs, jobs and what came of them. It is safe for concurrent use.
type Database struct {
	db     *sql.DB
	driver riverdriver.Driver[*sql.Tx]
	river  *river.Client[*sql.Tx] // inserts jobs and pauses queues; it works on none
	now    string                 // SQL: the time, in microseconds since 1970
	lock   string                 // SQL: the end of a SELECT that keeps others away from a row
}

// Open opens the database that where names, and makes the tables that are missing:
// a URL of postgres://, or the name of a file for SQLite.
func Open(ctx context.Context, where string) (*Database, error) {
	d, err := open(where)
	if err != nil {
		return nil, err
	}
	if err = d.migrate(ctx); err == nil {
		d.river, err = river.NewClient(d.driver, &river.Config{Logger: silent})
	}
	if err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("jobs: prepare the database: %w", err)
	}
	return d, nil
}

func open(where string) (*Database, error) {
	if strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://") {
		db, err := sql.Open("pgx", where)
		if err != nil {
			return nil, errors.New("jobs: the URL of the database cannot be read") // it holds a password
		}
		db.SetMaxOpenConns(postgresConnections)
		db.SetMaxIdleConns(postgresConnections)
		return &Database{
			db: db, driver: riverdatabasesql.New(db), lock: " FOR UPDATE",
			now: "(extract(epoch from clock_timestamp()) * 1000000)::bigint",
		}, nil
	}
	if where == "" || strings.Contains(where, "://") {
		return nil, errors.New("jobs: a database is a URL of postgres:// or the name of a file")
	}
	// A commit is on the disk before it is reported. What another process holds is
	// waited for.
	options := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(30000)", "foreign_keys(1)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: where}).EscapedPath()+"?"+options.Encode())
	if err != nil {
		return nil, fmt.Errorf("jobs: open %s: %w", where, err)
	}
	db.SetMaxOpenConns(1) // SQLite writes one at a time
	return &Database{db: db, driver: riversqlite.New(db), now: "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"}, nil
}

// ErrDiskFull reports that the database has no room for what came of the orders.
var ErrDiskFull = errors.New("the disk of the database is full")

// diskFull wraps an error that says so.
func diskFull(err error) error {
	var lite *sqlite.Error
	var postgres *pgconn.PgError
	if errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_FULL || errors.As(err, &postgres) && postgres.Code == "53100" {
		return fmt.Errorf("jobs: %w: %w", ErrDiskFull, err)
	}
	return nil
}

// postgresConnections bounds the connections of one process.
const postgresConnections = 16

// DB returns the database, for transactions of the caller's. SQLite has one connection:
// while a transaction is open, all else waits.
func (d *Database) DB() *sql.DB { return d.db }

// Close closes the database. Workers must have ended.
func (d *Database) Close() error { return d.db.Close() }

func (d *Database) migrate(ctx context.Context) error {
	migrator, err := rivermigrate.New(d.driver, &rivermigrate.Config{Logger: silent})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	for _, statement := range strings.Split(schema, ";\n") {
		if _, err := d.db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// inTx runs do in a transaction.
func (d *Database) inTx(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing after a commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}
