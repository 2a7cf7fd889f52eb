package sandbox

import (
	"context"
	"crypto/rsa"
	"errors"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
)

// Announced is a notification that was queued, and its resource in plain.
type Announced struct{ EventType, URL, Subject, Resource string }

// Announced returns the notifications that were queued, in that order.
func (s *Sandbox) Announced() (all []Announced) {
	s.db.Lock()
	defer s.db.Unlock()
	for _, n := range s.notifications.All() {
		all = append(all, Announced{n.EventType, n.URL, n.Subject, string(n.Resource)})
	}
	return all
}

// WechatpayKey is the key that signs answers, for answers that the sandbox
// itself would not give.
func (c *Credentials) WechatpayKey() *rsa.PrivateKey { return c.wechatpay }

// PlatformKey is the key of the platform certificate.
func (c *Credentials) PlatformKey() *rsa.PublicKey { return &c.platform.PublicKey }

// Files are the names of all files of a credentials directory, and whether
// each one is secret.
func Files() map[string]bool {
	return map[string]bool{
		MerchantKeyFile: true, wechatpayKeyFile: true, platformKeyFile: true, AccountFile: true,
		MerchantCertFile: false, PublicKeyFile: false, PlatformCertFile: false,
	}
}

// Announce queues a notification as an operation does.
func (s *Sandbox) Announce(subject, url, eventType string, resource any) error {
	return s.update(context.Background(), func() error {
		s.announce(subject, url, eventType, resource)
		return nil
	})
}

// SetPatience changes how long a receiver may take.
func (s *Sandbox) SetPatience(d time.Duration) { s.courier.patience = d }

// Reaches tells whether a notification would be sent there.
func (s *Sandbox) Reaches(notifyURL string) bool {
	_, err := s.courier.address(notifyURL)
	return err == nil
}

// FillJournal adds entries with texts of so many bytes in all.
func (s *Sandbox) FillJournal(size int) {
	text := strings.Repeat("x", journal.MaxBody)
	for range size / journal.MaxBody {
		s.journal.Add(Entry{Kind: journal.Request, Request: text})
	}
}

// JournalSince returns the entries after a number, as the API reads them.
func (s *Sandbox) JournalSince(seq int64) []Entry { return s.journal.Since(seq) }

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
	s.db.Lock()
	defer s.db.Unlock()
	before := s.db.Disk
	s.db.Disk = fullDisk{before, err}
	return func() {
		s.db.Lock()
		defer s.db.Unlock()
		s.db.Disk = before
	}
}
