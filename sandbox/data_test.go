package sandbox_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/wxpayscore/payscore/notify"
	"github.com/wxpayscore/payscore/sandbox"
)

func TestDataSurvivesARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "orders.db")
	in := newInbox(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if n <= 3 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	first := newBox(t, sandbox.WithData(file))
	first.create(noConfirm("one"))
	first.create(needConfirm("two"))
	first.seed("three", 50000)
	first.ok(first.modify("three", 39900))
	first.announce(in.URL, notify.UserPaid, paid)
	first.Advance(20 * time.Second) // two attempts
	before, now := first.Notifications(), first.Now()
	orders := asJSON([]any{first.query("one"), first.query("two"), first.query("three")})
	first.ok(first.Sandbox.Close())
	if len(before) != 1 || len(before[0].Attempts) != 2 {
		t.Fatalf("%+v", before)
	}

	second := newBox(t, sandbox.WithData(file))
	if got := asJSON([]any{second.query("one"), second.query("two"), second.query("three")}); got != orders {
		t.Errorf("got %s\nwant %s", got, orders)
	}
	if second.Now().Before(now) {
		t.Errorf("the time of the orders went back from %s to %s", now, second.Now())
	}
	if asJSON(second.Notifications()) != asJSON(before) {
		t.Errorf("got %s\nwant %s", asJSON(second.Notifications()), asJSON(before))
	}
	// A number is made up once, and the operations go on.
	a, b := second.create(noConfirm("one")), second.create(noConfirm("four"))
	if one, _ := entity(second, subMchID, "one"); a.OrderID != *one.OrderID || a.OrderID == b.OrderID {
		t.Error("order_id")
	}
	second.ok(second.modify("three", 39800))
	second.ok(second.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "two"}))

	// The repeats go on where they were.
	second.Advance(24 * time.Hour)
	n := second.Notifications()[0]
	var times []time.Time
	for _, a := range n.Attempts {
		times = append(times, a.Time)
	}
	checkSchedule(t, times, time.Second)
	if !n.Delivered || len(n.Attempts) != 4 || len(in.all()) != 4 {
		t.Errorf("%+v", n)
	}
	second.ok(second.Sandbox.Close())
	third := newBox(t, sandbox.WithData(file))
	third.Advance(48 * time.Hour)
	if len(in.all()) != 4 {
		t.Error("it came once more after a restart")
	}
}

// A quick clock is ahead of the wall's when it stops.
func TestTimeDoesNotGoBack(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "orders.db")
	first := newBox(t, sandbox.WithData(file), sandbox.WithTimeScale(1_000_000))
	time.Sleep(10 * time.Millisecond)
	now := first.Now()
	first.seed("one", 100)
	first.ok(first.Sandbox.Close())
	if second := newBox(t, sandbox.WithData(file)); second.Now().Before(now) {
		t.Errorf("the time of the orders went back from %s to %s", now, second.Now())
	}
}

// A deduction that ended while no sandbox ran is told at once, without a query.
func TestDeductionThatEndedMeanwhile(t *testing.T) {
	t.Parallel()
	data := sandbox.WithData(filepath.Join(t.TempDir(), "orders.db"))
	start := time.Now()
	b := newBoxAt(t, clockAt(start), data)
	must(b.Seed("one", 100, sandbox.SeedNotifyURL("https://api.test.com")))
	b.ok(b.Move("start_deduction", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "one", Duration: time.Hour}))
	b.now = clockAt(start.Add(2 * time.Hour))
	b.restart(data)
	deadline := time.Now().Add(20 * time.Second)
	for len(b.Announced()) == 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if all := b.Announced(); len(all) != 1 || all[0].EventType != notify.UserPaid {
		t.Errorf("announced %v", all)
	}
}

// The data file is free for another when it was not the cause.
func TestOpenThatFailsLeavesTheDataFile(t *testing.T) {
	t.Parallel()
	data := sandbox.WithData(filepath.Join(t.TempDir(), "orders.db"))
	if _, err := sandbox.Open(data, sandbox.WithFault(sandbox.Fault{Name: "none"})); !errors.Is(err, sandbox.ErrFault) {
		t.Errorf("got %v", err)
	}
	box, err := sandbox.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	_ = box.Close()
}

func TestDataFileThatIsOfNoUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	open := func(file string) error {
		t.Helper()
		box, err := sandbox.Open(sandbox.WithData(file))
		if err == nil {
			_ = box.Close()
			return errors.New("it was opened")
		}
		if strings.ContainsRune(err.Error(), '\n') || !strings.Contains(err.Error(), file) {
			t.Errorf("the error is %q", err)
		}
		return err
	}
	edit := func(name string, do func(*bolt.Tx) error) string {
		db := must(bolt.Open(in(name), 0o600, nil))
		if err := errors.Join(db.Update(do), db.Close()); err != nil {
			t.Fatal(err)
		}
		return in(name)
	}
	newFile := func(name string) string {
		box := must(sandbox.Open(sandbox.WithData(in(name))))
		must(box.Seed("one", 100))
		if err := box.Close(); err != nil {
			t.Fatal(err)
		}
		return in(name)
	}

	used := in("used")
	box := must(sandbox.Open(sandbox.WithData(used)))
	begin := time.Now()
	if err := open(used); !strings.Contains(err.Error(), "another process has it") || time.Since(begin) > 10*time.Second {
		t.Errorf("in use: %v", err)
	}
	_ = box.Close()
	box = must(sandbox.Open(sandbox.WithData(used)))
	_ = box.Close()

	for name, file := range map[string]string{
		"text": func() string {
			_ = os.WriteFile(in("text"), []byte(strings.Repeat("orders\n", 10_000)), 0o600)
			return in("text")
		}(),
		"another program": edit("other", func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("users")); return err }),
		"directory":       dir,
		"no directory":    in("none/orders.db"),
		"another version": func() string {
			newFile("version")
			return edit("version", func(tx *bolt.Tx) error {
				return tx.Bucket([]byte("payscore sandbox")).Put([]byte("version"), []byte("1"))
			})
		}(),
		"unknown table": func() string {
			newFile("table")
			return edit("table", func(tx *bolt.Tx) error {
				b, err := tx.Bucket([]byte("tables")).CreateBucket([]byte("coupons"))
				return errors.Join(err, b.Put([]byte("k"), []byte("{}")))
			})
		}(),
		"broken record": func() string {
			newFile("record")
			return edit("record", func(tx *bolt.Tx) error {
				return tx.Bucket([]byte("tables")).Bucket([]byte("orders")).Put([]byte("k"), []byte("{"))
			})
		}(),
	} {
		if err := open(file); strings.Contains(err.Error(), "was opened") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDataFileThatWasCut is what a full disk or a broken copy leaves behind.
func TestDataFileThatWasCut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "orders.db")
	box := must(sandbox.Open(sandbox.WithData(file)))
	must(box.Seed("one", 100))
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	whole := must(os.ReadFile(file))
	for size := 1; size < 7*4096; size += 1000 {
		name := filepath.Join(dir, "cut.db")
		if err := os.WriteFile(name, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		if box, err := sandbox.Open(sandbox.WithData(name)); err == nil {
			// What is left out may be free pages.
			if _, there := entity(box, subMchID, "one"); !there {
				t.Errorf("cut to %d bytes, it opens without its order", size)
			}
			_ = box.Close()
		}
		_ = os.Remove(name)
	}
}

func TestWhatIsNotSavedIsNotAnswered(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.WithData(filepath.Join(t.TempDir(), "orders.db")))
	b.seed(orderNo, 50000)
	b.ok(b.Sandbox.Close()) // as a disk that is full: no write succeeds
	got := b.send("POST", orders+"/"+orderNo+"/modify", asJSON(modification(39900)))
	if got.Status != 500 || got.Code != "SYSTEM_ERROR" {
		t.Errorf("got %v", &got.Error)
	}
}
