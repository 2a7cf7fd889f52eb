package sandbox

import (
	"context"
	"crypto/rsa"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/ledger"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

// Announced is a notification that was queued, and its resource in plain.
type Announced struct{ EventType, URL, Subject, Resource string }

// Announced returns the notifications that were queued, in that order.
func (s *Sandbox) Announced() (all []Announced) {
	for _, n := range s.Notifications() {
		all = append(all, Announced{n.EventType, n.URL, n.Subject, string(n.Resource)})
	}
	return all
}

// WechatpayKey is the key that signs answers, for answers that the sandbox
// itself would not give.
func WechatpayKey(c *Credentials) *rsa.PrivateKey { return wire.WechatpayKey(c) }

// PlatformKey is the key of the platform certificate.
func PlatformKey(c *Credentials) *rsa.PublicKey { return wire.PlatformKey(c) }

// PlatformSerialNo is the serial of the newest platform certificate.
func (s *Sandbox) PlatformSerialNo() string { return s.ledger.Keys.PlatformSerialNo() }

// ActiveFaults are the faults that are on, oldest first.
func (s *Sandbox) ActiveFaults() []Fault { return s.faults.Active() }

// SetNotificationTraffic changes what happens to notifications from now on.
func (s *Sandbox) SetNotificationTraffic(t NotificationTraffic) { s.ledger.Post.SetTraffic(t) }

// Files are the names of all files of a credentials directory, and whether
// each one is secret.
func Files() map[string]bool {
	all := map[string]bool{MerchantCertFile: false, PublicKeyFile: false, PlatformCertFile: false, AuthorityCertFile: false}
	for _, name := range wire.SecretFiles() {
		all[name] = true
	}
	return all
}

// Announce queues a notification as an operation does.
func (s *Sandbox) Announce(subject, url, eventType string, resource any) error {
	return s.ledger.Announce(context.Background(), math.MaxInt, rules.Announcement{Subject: subject, URL: url, EventType: eventType, Resource: resource})
}

// SetReceiverTimeout changes how long a receiver may take.
func (s *Sandbox) SetReceiverTimeout(d time.Duration) { s.ledger.Post.Limits.Timeout = d }

// Remote tells whether notifications are sent to other machines.
func (s *Sandbox) Remote() bool { return s.ledger.Post.Limits.Remote }

// FillJournal adds entries with texts of so many bytes in all.
func (s *Sandbox) FillJournal(size int) {
	text := strings.Repeat("x", journal.MaxBody)
	for range size / journal.MaxBody {
		s.ledger.Journal.Add(Entry{Kind: journal.Request, Request: text})
	}
}

// JournalSince returns the entries after a number, as the API reads them.
func (s *Sandbox) JournalSince(seq int64) []Entry { return s.ledger.Journal.Since(seq) }

// LoadData reads a data file as [Open] does, without a sandbox: its records by
// table and key.
func LoadData(name string) (map[[2]string]string, error) {
	f, err := store.OpenFile(name)
	if err != nil {
		return nil, err
	}
	all := map[[2]string]string{}
	err = f.Load(func(table, key string, record []byte) error {
		all[[2]string{table, key}] = string(record)
		return nil
	})
	return all, errors.Join(err, f.Close())
}

// fullDisk is a disk that takes nothing more.
type fullDisk struct {
	store.Disk
	err error
}

func (d fullDisk) Save([]store.Change) error { return d.err }

// FillDisk has the data file refuse whatever comes, with this error, until the
// returned function is called.
func (s *Sandbox) FillDisk(err error) (empty func()) {
	s.ledger.Store.Lock()
	defer s.ledger.Store.Unlock()
	before := s.ledger.Store.Disk
	s.ledger.Store.Disk = fullDisk{before, err}
	return func() {
		s.ledger.Store.Lock()
		defer s.ledger.Store.Unlock()
		s.ledger.Store.Disk = before
	}
}

// OtherMoves are the moves that the admin side lists, with what each takes.
var OtherMoves = ledger.OtherMoves
