package jobs

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// slowest is the pace that refusals for frequency lead to at most.
	slowest = 5 * time.Second
	// firstGap is the gap after the first such refusal of a run without a rate.
	firstGap = 50 * time.Millisecond
	// slowPause is how long nobody sends after such a refusal.
	slowPause = time.Second
	// calmAfter is how long a pace is kept before it is changed again.
	calmAfter = time.Second
	// ahead is how much of the future one reservation takes.
	ahead = 100 * time.Millisecond
	// freeFor is how long a worker without limit does not ask again.
	freeFor = 500 * time.Millisecond
)

// pacer spreads what is sent for one merchant over time, with all other workers of the
// database: the moments are given out there.
type pacer struct {
	d     *Database
	mchid string
	gap   time.Duration // as the run wants it; 0 is no limit

	mu    sync.Mutex
	slots []time.Time // moments of this process, not used yet
	free  time.Time   // until when there is no limit
	last  int64       // the gap of the last reservation, in microseconds
}

func newPacer(d *Database, mchid string, rate float64) *pacer {
	p := &pacer{d: d, mchid: mchid}
	if rate > 0 {
		p.gap = time.Duration(float64(time.Second) / rate)
	}
	return p
}

// wait returns when the next order may be sent.
func (p *pacer) wait(ctx context.Context) error {
	slot, err := p.slot(ctx)
	if err != nil {
		return err
	}
	timer := time.NewTimer(time.Until(slot))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pacer) slot(ctx context.Context) (time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.slots) == 0 && time.Now().Before(p.free) {
		return time.Now(), nil
	}
	if len(p.slots) == 0 {
		if err := p.reserve(ctx); err != nil {
			return time.Time{}, fmt.Errorf("jobs: keep the pace: %w", err)
		}
		if len(p.slots) == 0 {
			return time.Now(), nil
		}
	}
	slot := p.slots[0]
	p.slots = p.slots[1:]
	return slot, nil
}

// reserve takes the next moments from the database. A pace that was slowed gets a
// tenth faster each second.
func (p *pacer) reserve(ctx context.Context) error {
	base := p.gap.Microseconds()
	n := int64(1)
	if now := max(base, p.last); now > 0 {
		n = max(1, ahead.Microseconds()/now)
	}
	var first, gap, now int64
	before := time.Now()
	// $5 moments are taken, from next_at on, or from now when that is past.
	err := p.d.db.QueryRowContext(ctx, `INSERT INTO payscore_pace AS p (mchid, next_at, gap, changed_at) VALUES ($1, `+p.d.now+` + CAST($2 AS BIGINT) * CAST($5 AS BIGINT), CAST($2 AS BIGINT), 0)
		ON CONFLICT (mchid) DO UPDATE SET
		  gap = CASE WHEN p.gap < CAST($2 AS BIGINT) THEN CAST($2 AS BIGINT) WHEN p.gap > CAST($2 AS BIGINT) AND `+p.d.now+` - p.changed_at > CAST($3 AS BIGINT)
		    THEN CASE WHEN p.gap * 9 / 10 <= CASE WHEN CAST($2 AS BIGINT) > CAST($4 AS BIGINT) THEN CAST($2 AS BIGINT) ELSE CAST($4 AS BIGINT) END THEN CAST($2 AS BIGINT) ELSE p.gap * 9 / 10 END ELSE p.gap END,
		  changed_at = CASE WHEN p.gap > CAST($2 AS BIGINT) AND `+p.d.now+` - p.changed_at > CAST($3 AS BIGINT) THEN `+p.d.now+` ELSE p.changed_at END,
		  next_at = CASE WHEN p.next_at > `+p.d.now+` THEN p.next_at ELSE `+p.d.now+` END + CAST($5 AS BIGINT) * CASE WHEN p.gap > CAST($2 AS BIGINT) THEN p.gap ELSE CAST($2 AS BIGINT) END
		RETURNING next_at, gap, `+p.d.now, p.mchid, base, calmAfter.Microseconds(), firstGap.Microseconds()/10, n).Scan(&first, &gap, &now)
	if err != nil {
		return err
	}
	p.last = gap
	if gap == 0 {
		p.free = before.Add(freeFor)
	}
	first -= n * gap
	if gap == 0 && first <= now {
		return nil
	}
	for i := range n {
		p.slots = append(p.slots, before.Add(time.Duration(first+i*gap-now)*time.Microsecond))
	}
	return nil
}

// slow doubles the gap, and keeps everybody from sending for a moment: WeChat Pay found
// the calls too frequent. Refusals of the same second count once.
func (p *pacer) slow(ctx context.Context) error {
	p.mu.Lock()
	p.slots, p.free = nil, time.Time{}
	p.mu.Unlock()
	_, err := p.d.db.ExecContext(ctx, `UPDATE payscore_pace SET
		  gap = CASE WHEN gap * 2 > CAST($2 AS BIGINT) THEN CAST($2 AS BIGINT) WHEN gap * 2 < CAST($3 AS BIGINT) THEN CAST($3 AS BIGINT) ELSE gap * 2 END,
		  next_at = CASE WHEN next_at > `+p.d.now+` + CAST($4 AS BIGINT) THEN next_at ELSE `+p.d.now+` + CAST($4 AS BIGINT) END,
		  changed_at = `+p.d.now+`
		WHERE mchid = $1 AND `+p.d.now+` - changed_at > CAST($5 AS BIGINT)`,
		p.mchid, slowest.Microseconds(), firstGap.Microseconds(), slowPause.Microseconds(), calmAfter.Microseconds())
	if err != nil {
		return fmt.Errorf("jobs: slow down: %w", err)
	}
	return nil
}
