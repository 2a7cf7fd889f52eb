package sandbox

import (
	"crypto/rsa"
	"strings"
	"time"
)

// Announced is a notification that was queued, and its resource in plain.
type Announced struct{ EventType, URL, Subject, Resource string }

// Announced returns the notifications that were queued, in that order.
func (s *Sandbox) Announced() (all []Announced) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.notifications.all() {
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
	return s.update(func() error {
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
	text := strings.Repeat("x", maxEntryBody)
	for range size / maxEntryBody {
		s.journal.add(Entry{Kind: kindRequest, Request: text})
	}
}
