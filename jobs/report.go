package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"strconv"
	"time"
)

// Progress is how far a run is.
type Progress struct {
	Run      Run
	Outcomes map[string]Sum // by outcome, OutcomePending included
	Begun    int            // pending ones that were begun
	Unknown  int            // pending ones whose outcome is unknown so far
}

// Sum is a number of orders and what they come to, in fen. Before has only orders
// whose amount before is known.
type Sum struct {
	Orders        int
	Before, After int64
}

// Left is the number of orders without an outcome.
func (p *Progress) Left() int { return p.Outcomes[OutcomePending].Orders }

// All is the number of orders of the run.
func (p *Progress) All() int {
	n := 0
	for _, s := range p.Outcomes {
		n += s.Orders
	}
	return n
}

// Progress counts the orders of a run by outcome.
func (d *Database) Progress(ctx context.Context, name string) (*Progress, error) {
	run, err := d.Run(ctx, name)
	if err != nil {
		return nil, err
	}
	p := &Progress{Run: *run, Outcomes: map[string]Sum{}}
	rows, err := d.db.QueryContext(ctx, `SELECT outcome, COUNT(*), CAST(COALESCE(SUM(total_before), 0) AS TEXT), CAST(COALESCE(SUM(total_after), 0) AS TEXT),
		COUNT(began_at), COUNT(unknown_at) FROM payscore_correction WHERE run = $1 GROUP BY outcome`, name)
	if err != nil {
		return nil, fmt.Errorf("jobs: count the orders: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var outcome, before, after string
		var s Sum
		var begun, unknown int
		if err := rows.Scan(&outcome, &s.Orders, &before, &after, &begun, &unknown); err != nil {
			return nil, fmt.Errorf("jobs: count the orders: %w", err)
		}
		if s.Before, err = sum(before); err == nil {
			s.After, err = sum(after)
		}
		if err != nil {
			return nil, err
		}
		if outcome == OutcomePending {
			p.Begun, p.Unknown = begun, unknown
		}
		p.Outcomes[outcome] = s
	}
	return p, rows.Err()
}

// Result is how one correction ended, with what proves it.
type Result struct {
	Line       int       `json:"line"`
	SubMchID   string    `json:"sub_mchid,omitempty"`
	OutOrderNo string    `json:"out_order_no"`
	Before     *int64    `json:"total_before"` // fen, null when nobody looked
	After      int64     `json:"total_after"`  // fen, as wanted
	Outcome    string    `json:"outcome"`      // one of the Outcome constants
	Reason     string    `json:"reason,omitempty"`
	Status     int       `json:"status,omitempty"` // of the refusal
	Code       string    `json:"code,omitempty"`
	Number     int64     `json:"number,omitempty"`
	RequestID  string    `json:"request_id,omitempty"`
	Stage      string    `json:"stage,omitempty"` // of the order as queried
	Now        *int64    `json:"total_now"`       // fen, of the order as queried
	BeganAt    time.Time `json:"began_at,omitzero"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
	Attempts   int       `json:"attempts"` // that may have left the machine
}

// Results yields the corrections of a run in the order of their lines. After an error
// it yields nothing more.
func (d *Database) Results(ctx context.Context, name string) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		for last := math.MinInt; ; {
			page, err := d.results(ctx, name, last)
			if err != nil {
				yield(Result{}, err)
				return
			}
			if len(page) == 0 {
				return
			}
			for _, r := range page {
				if !yield(r, nil) {
					return
				}
			}
			last = page[len(page)-1].Line
		}
	}
}

// pageSize keeps a report from holding the only connection of SQLite for long.
const pageSize = 1000

func (d *Database) results(ctx context.Context, name string, after int) ([]Result, error) {
	rows, err := d.db.QueryContext(ctx, `SELECT line, sub_mchid, out_order_no, total_before, total_after, outcome, reason, left_out, status, code, number, request_id,
		stage, total_now, began_at, ended_at, attempts FROM payscore_correction WHERE run = $1 AND line > $2 ORDER BY line LIMIT $3`, name, after, pageSize)
	if err != nil {
		return nil, fmt.Errorf("jobs: read the results: %w", err)
	}
	defer rows.Close()
	var page []Result
	for rows.Next() {
		var r Result
		var leftOut string
		var began, ended sql.NullInt64
		if err := rows.Scan(&r.Line, &r.SubMchID, &r.OutOrderNo, &r.Before, &r.After, &r.Outcome, &r.Reason, &leftOut, &r.Status, &r.Code, &r.Number, &r.RequestID,
			&r.Stage, &r.Now, &began, &ended, &r.Attempts); err != nil {
			return nil, fmt.Errorf("jobs: read the results: %w", err)
		}
		if leftOut != "" {
			r.Reason = leftOut
		}
		if began.Valid {
			r.BeganAt = time.UnixMicro(began.Int64)
		}
		if ended.Valid {
			r.EndedAt = time.UnixMicro(ended.Int64)
		}
		page = append(page, r)
	}
	return page, rows.Err()
}

var errSum = errors.New("jobs: the amounts come to more than an int64 of fen")

// sum reads a sum of the database. PostgreSQL adds in more than 64 bits, SQLite
// refuses what is more.
func sum(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errSum
	}
	return n, nil
}
