package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/wxpayscore/payscore/apierror"
)

// begin notes that the modification is about to leave this machine.
func (d *Database) begin(ctx context.Context, r *record) error {
	_, err := d.db.ExecContext(ctx, `UPDATE payscore_correction SET began_at = `+d.now+`, total_before = $3, attempts = attempts + 1 WHERE run = $1 AND line = $2`,
		r.run, r.line, r.before.Int64)
	if err != nil {
		return fmt.Errorf("jobs: begin: %w", err)
	}
	return nil
}

// notBegun takes begin back: WeChat Pay said that nothing was carried out.
func (d *Database) notBegun(ctx context.Context, r *record) error {
	if _, err := d.db.ExecContext(ctx, `UPDATE payscore_correction SET began_at = NULL WHERE run = $1 AND line = $2`, r.run, r.line); err != nil {
		return fmt.Errorf("jobs: put off: %w", err)
	}
	return nil
}

// stillUnknown notes that an order was looked at in vain. A zero since means that the
// modification may be sent after the next look.
func (d *Database) stillUnknown(ctx context.Context, r *record, since time.Time, got result) error {
	unknown := sql.NullInt64{Int64: since.UnixMicro(), Valid: !since.IsZero()}
	_, err := d.db.ExecContext(ctx, `UPDATE payscore_correction SET unknown_at = $3, looks = looks + 1, reason = $4 WHERE run = $1 AND line = $2`,
		r.run, r.line, unknown, got.ending("").reason)
	if err != nil {
		return fmt.Errorf("jobs: put off: %w", err)
	}
	return nil
}

// end records the outcome of a correction.
func (d *Database) end(ctx context.Context, tx *sql.Tx, r *record, e ending) error {
	refusal := e.refusal
	if refusal == nil {
		refusal = new(apierror.Error)
	}
	_, err := tx.ExecContext(ctx, `UPDATE payscore_correction SET outcome = $3, reason = $4, status = $5, code = $6, number = $7, request_id = $8,
		stage = $9, total_now = $10, ended_at = `+d.now+` WHERE run = $1 AND line = $2 AND outcome = ''`,
		r.run, r.line, e.outcome, e.reason, refusal.Status, refusal.Code, refusal.Number, refusal.RequestID, e.now.stage, e.now.total)
	return err
}
