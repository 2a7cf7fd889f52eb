package sandbox

import (
	"encoding/json"
	"fmt"
)

// Announced is a notification that waits to be sent.
type Announced struct {
	Subject, URL, EventType string
	Resource                json.RawMessage
}

// Announced are the notifications queued so far, oldest first.
func (s *Sandbox) Announced() (all []Announced) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.notifications.all() {
		all = append(all, Announced{n.Subject, n.URL, n.EventType, n.Resource})
	}
	return all
}

// Restart gives a new sandbox the records of this one, by way of JSON.
func (s *Sandbox) Restart(opts ...Option) (*Sandbox, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, err := Open(append([]Option{WithCredentials(s.credentials)}, opts...)...)
	if err != nil {
		return nil, err
	}
	add := func(table, key string, record any) error {
		b, err := json.Marshal(record)
		if err != nil {
			return err
		}
		return next.changes.load[table](key, b)
	}
	for key, r := range s.orders.all() {
		err = cmpErr(err, add("orders", key, r))
	}
	for key, r := range s.permissions.all() {
		err = cmpErr(err, add("permissions", key, r))
	}
	for key, r := range s.riskLevels.all() {
		err = cmpErr(err, add("risk_levels", key, r))
	}
	for key, r := range s.quotas.all() {
		err = cmpErr(err, add("quotas", key, r))
	}
	for key, r := range s.applications.all() {
		err = cmpErr(err, add("applications", key, r))
	}
	for key, r := range s.refunds.all() {
		err = cmpErr(err, add("refunds", key, r))
	}
	for key, r := range s.certificates.all() {
		err = cmpErr(err, add("certificates", key, r))
	}
	next.clock.moveTo(s.now())
	next.planOthers()
	return next, err
}

func cmpErr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// FillCertificates lists the first certificate n times more: to make keys takes
// long.
func (s *Sandbox) FillCertificates(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range n {
		s.certificates.put(fmt.Sprintf("%04d", i+1), s.firstCertificate)
	}
}
