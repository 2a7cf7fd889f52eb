package jobs_test

import (
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/jobs"
	"github.com/wxpayscore/payscore/sandbox"
)

// faultsOfOrders are 5 % of what comes to the sandbox: lost before and after the
// commit, spoiled answers, too many calls.
var faultsOfOrders = []string{
	"reset-before; rate=0.006", "reset-after; rate=0.006", "bad-gateway-502-before; rate=0.006", "bad-gateway-502-after; rate=0.006",
	"error-500-before; rate=0.006", "error-500-after; rate=0.006", "truncated; rate=0.005", "bad-signature; rate=0.004", "unsigned; rate=0.004", "accepted-202; rate=0.001",
}

// Workers are killed while they work. In the end each order was lowered once, or is
// reported as not, and the report says of each what the sandbox says.
func TestKilledWorkers(t *testing.T) {
	n := sizeOf(t, "PAYSCORE_JOBS_ORDERS", 200)
	t.Run("SQLite", func(t *testing.T) {
		killWorkers(t, filepath.Join(t.TempDir(), "jobs.db"), n, 1, nil)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url, restart := startPostgres(t)
		killWorkers(t, url, n, 3, restart)
	})
}

func killWorkers(t *testing.T, database string, n, workers int, restart func()) {
	box, list := seeded(t, n, sandbox.WithMaxOrders(2*n))
	keys := t.TempDir()
	if err := box.Credentials().Save(keys); err != nil {
		t.Fatal(err)
	}
	for _, f := range faultsOfOrders {
		box.Fault(f)
	}
	db, err := jobs.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	mchid := box.Credentials().Account().MchID
	if err := db.Add(t.Context(), "run", mchid, slices.Values(list), jobs.RunOptions{Patience: 40 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if err := db.Start(t.Context(), "run"); err != nil {
		t.Fatal(err)
	}
	const timeout = 8 * time.Second
	rnd := rand.New(rand.NewPCG(14, uint64(n)))
	processes := make([]*exec.Cmd, workers)
	for i := range processes {
		processes[i] = workerProcess(t, box, keys, database, timeout)
	}
	defer func() {
		for _, p := range processes {
			_ = p.Process.Signal(syscall.SIGKILL)
			_ = p.Wait()
		}
	}()
	start, told, kills, restarted := time.Now(), time.Now(), 0, restart == nil
	wanted := sizeOf(t, "PAYSCORE_JOBS_KILLS", 2)
	end := start.Add(9 * time.Minute)
	for {
		p, err := db.Progress(t.Context(), "run")
		if err == nil { // else PostgreSQL restarts
			if p.Left() == 0 {
				break
			}
			if p.Run.State == jobs.StatePaused {
				t.Fatal(p.Run.Reason)
			}
			ended := n - p.Left()
			if time.Since(told) > 10*time.Second {
				told = time.Now()
				t.Logf("%s: %d ended, %d begun, %d unknown, %d kills", time.Since(start).Round(time.Second), ended, p.Begun, p.Unknown, kills)
			}
			if kills < wanted && ended > (kills+1)*n/(wanted+2) {
				i := rnd.IntN(workers)
				_ = processes[i].Process.Signal(syscall.SIGKILL)
				_ = processes[i].Wait()
				processes[i] = workerProcess(t, box, keys, database, timeout)
				kills++
			}
			if !restarted && ended > n/2 {
				restarted = true
				restart()
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%+v: %v", p, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	sub := box.Credentials().Account().SubMchID
	outcomes, wrong := map[string]int{}, 0
	for r, err := range db.Results(t.Context(), "run") {
		if err != nil {
			t.Fatal(err)
		}
		outcomes[r.Outcome]++
		order, ok := box.Order(sub, r.OutOrderNo)
		if !ok {
			t.Fatal(r.OutOrderNo)
		}
		lowered := *order.Entity.TotalAmount == 39900
		if !lowered && *order.Entity.TotalAmount != 50000 {
			t.Errorf("%s has %d fen", r.OutOrderNo, *order.Entity.TotalAmount)
		}
		if r.Outcome == jobs.OutcomeCarriedOut && !lowered || r.Outcome == jobs.OutcomeNotCarriedOut && lowered {
			wrong++
			t.Errorf("reported %+v, but the order has %d fen", r, *order.Entity.TotalAmount)
		}
	}
	t.Logf("%d orders, %d workers, %d kills, in %s: %v, %d reported wrong", n, workers, kills, time.Since(start).Round(time.Second), outcomes, wrong)
}
