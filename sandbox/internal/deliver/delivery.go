package deliver

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/wxpayscore/payscore/internal/oneline"

	"github.com/wxpayscore/payscore/sandbox/internal/fault"
	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

const (
	// answerWithin is how long WeChat Pay waits for a receiver.
	answerWithin = 5 * time.Second
	// Bounds of what is under way at a time. A receiver that hangs holds up
	// what goes to the same host and nothing else.
	maxDeliveries        = 256
	maxDeliveriesPerHost = 32
	// maxAnswer bounds what is read of a receiver's answer, in bytes.
	maxAnswer = 64 << 10
	// maxAttempts bounds the attempts that are kept of a notification.
	maxAttempts = 64
)

// Limits say where notifications go and how long a receiver may take. They are
// set before the first notification.
type Limits struct {
	Remote  bool // to other machines, too
	Timeout time.Duration
}

// sender posts notifications.
type sender struct {
	client *http.Client
	limits Limits
	own    ownListeners
	ctx    context.Context // ends with the sandbox
	stop   context.CancelFunc

	places chan struct{}
	mu     sync.Mutex
	hosts  map[string]*hostPlaces // those that something is for
}

type hostPlaces struct {
	users  int
	places chan struct{}
}

func newSender() *sender {
	c := &sender{limits: Limits{Timeout: answerWithin}, places: make(chan struct{}, maxDeliveries), hosts: map[string]*hostPlaces{}}
	c.ctx, c.stop = context.WithCancel(context.Background())
	dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		// A name may lead anywhere: this is the address that is dialled.
		to, err := netip.ParseAddrPort(address)
		switch {
		case !c.limits.Remote && (err != nil || !to.Addr().Unmap().IsLoopback()):
			return errElsewhere
		case err == nil && c.own.include(to):
			return errOwnListener
		}
		return nil
	}}
	c.client = &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, MaxIdleConnsPerHost: maxDeliveriesPerHost, IdleConnTimeout: answerWithin,
			MaxResponseHeaderBytes: maxAnswer, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

func (c *sender) close() {
	c.stop()
	c.client.CloseIdleConnections()
}

// errNotSent is what no repeat helps against.
var (
	errNotSent     = errors.New("not sent")
	errElsewhere   = fmt.Errorf("%w: the notify_url is not on this machine", errNotSent)
	errOwnListener = fmt.Errorf("%w: the notify_url leads to the sandbox itself", errNotSent)
	errNoURL       = fmt.Errorf("%w: the notify_url is no http or https URL", errNotSent)
)

// address checks where a notification is to go.
func (c *sender) address(notifyURL string) (*url.URL, error) {
	u, err := url.Parse(notifyURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errNoURL
	}
	host := strings.ToLower(u.Hostname())
	ip, err := netip.ParseAddr(host)
	local := host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.Unmap().IsLoopback()
	if !c.limits.Remote && !local {
		return nil, errElsewhere
	}
	return u, nil
}

// enter waits for a place. What it returns gives it back.
func (c *sender) enter(host string) (leave func(), err error) {
	c.mu.Lock()
	h := c.hosts[host]
	if h == nil {
		h = &hostPlaces{places: make(chan struct{}, maxDeliveriesPerHost)}
		c.hosts[host] = h
	}
	h.users++
	c.mu.Unlock()
	forget := func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if h.users--; h.users == 0 {
			delete(c.hosts, host)
		}
	}
	taken := make([]chan struct{}, 0, 2)
	leave = func() {
		for _, places := range taken {
			<-places
		}
		forget()
	}
	for _, places := range []chan struct{}{h.places, c.places} {
		select {
		case places <- struct{}{}:
			taken = append(taken, places)
		case <-c.ctx.Done():
			leave()
			return nil, c.ctx.Err()
		}
	}
	return leave, nil
}

// post sends a body that sign signs, and returns the status of the answer.
func (c *sender) post(to *url.URL, body []byte, sign func(http.Header) error) (status int, took time.Duration, err error) {
	leave, err := c.enter(to.Host)
	if err != nil {
		return 0, 0, err
	}
	defer leave()
	req, err := http.NewRequestWithContext(c.ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	// As in what merchants have reported of the real one.
	for name, value := range map[string]string{
		"Accept": "*/*", "Cache-Control": "no-cache", "Pragma": "no-cache", "User-Agent": "Mozilla/4.0", "Content-Type": "application/json",
	} {
		req.Header.Set(name, value)
	}
	if err := sign(req.Header); err != nil {
		return 0, 0, err
	}
	// The receiver's time does not go by while the sandbox signs.
	ctx, cancel := context.WithTimeout(c.ctx, c.limits.Timeout)
	defer cancel()
	begin := time.Now()
	rsp, err := c.client.Do(req.WithContext(ctx))
	if err == nil {
		// Read for the sake of the connection alone.
		_, _ = io.CopyN(io.Discard, rsp.Body, maxAnswer)
		_ = rsp.Body.Close()
		status = rsp.StatusCode
	}
	return status, time.Since(begin), err
}

// Own tells of an address at which the sandbox is reached: nothing is sent
// there.
func (p *Post) Own(addr net.Addr) { p.sender.own.add(addr) }

// plan plans the next attempt of a notification, if there is one. The
// caller holds the lock.
func (p *Post) plan(id string, n *Notification) {
	if due := n.Next; !due.IsZero() {
		p.store.Agenda.Plan(due, func() { p.deliver(id, due) })
	}
}

// deliver makes the attempt that was planned for a time.
func (p *Post) deliver(id string, due time.Time) {
	began := p.store.Clock.Now().Round(0)
	p.store.Lock()
	found := p.notifications.Get(id)
	if found == nil || !found.Next.Equal(due) {
		p.store.Unlock()
		return // forgotten or sent by hand since
	}
	n := *found
	p.store.Unlock()
	fault := ""
	switch {
	case n.Delivered:
		fault = "duplicate"
	case n.Probe:
		fault = "probe"
	}
	attempt, err := p.attempt(n, began, fault)
	if p.sender.ctx.Err() != nil {
		return // it is still due when the sandbox starts again
	}
	taken := err == nil
	err = p.keepAttempt(id, attempt, func(n *Notification) {
		n.Tries++
		n.Probe = false
		switch {
		case n.Delivered: // a duplicate, or sent by hand meanwhile
			n.Next = time.Time{}
		case taken:
			n.Delivered, n.Next = true, time.Time{}
			if n.Twice {
				n.Next = p.store.Clock.Now().Round(0)
			}
		case errors.Is(err, errNotSent):
			n.Next = time.Time{}
		default:
			n.Next = nextAttempt(n.Tries, due, began)
		}
		p.plan(id, n)
	})
	p.store.AgainWhenSaved(err, func() { p.deliver(id, due) })
}

// Resend makes one attempt more to deliver a notification, at once, whatever
// became of it before, and returns how it went. A failure is not repeated but
// by the schedule. A probe has a wrong signature, as WeChat Pay sends some to
// learn who verifies: a receiver that takes it does not. The error is that there
// is no such notification.
func (p *Post) Resend(id string, probe bool) (Attempt, error) {
	if probe {
		return p.sendNow(id, "probe")
	}
	return p.sendNow(id, "resend")
}

func (p *Post) sendNow(id, fault string) (Attempt, error) {
	p.store.Lock()
	found := p.notifications.Get(id)
	if found == nil {
		p.store.Unlock()
		return Attempt{}, fmt.Errorf("sandbox: there is no notification %q", id)
	}
	n := *found
	p.store.Unlock()
	attempt, err := p.attempt(n, p.store.Clock.Now().Round(0), fault)
	_ = p.keepAttempt(id, attempt, func(n *Notification) {
		if err == nil {
			n.Delivered, n.Next = true, time.Time{}
		}
	})
	return attempt, nil
}

// attempt sends a notification. The error says why it counts as not taken.
func (p *Post) attempt(n Notification, began time.Time, fault string) (Attempt, error) {
	a := Attempt{Time: began, Fault: fault}
	to, err := p.sender.address(n.URL)
	var body []byte
	if err == nil {
		body, err = p.keys.Envelope(wire.Event{ID: n.ID, EventType: n.EventType, CreatedAt: n.CreatedAt, Resource: n.Resource})
	}
	if err == nil {
		a.Status, a.Duration, err = p.sender.post(to, body, func(header http.Header) error {
			return p.sign(header, body, n.PublicKey, fault == "probe")
		})
	}
	switch {
	case err == nil && a.Status != http.StatusOK && a.Status != http.StatusNoContent:
		err = errors.New("answered with neither 200 nor 204")
	case err == nil && fault == "probe":
		err = errors.New("the receiver took a wrong signature")
	}
	if err != nil {
		a.Error = p.sender.reason(err)
	}
	return a, err
}

// reason is an error in one short line.
func (c *sender) reason(err error) string {
	for _, refused := range []error{errElsewhere, errOwnListener} {
		if errors.Is(err, refused) {
			return refused.Error()
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", c.limits.Timeout)
	}
	if wrapped := new(url.Error); errors.As(err, &wrapped) {
		err = wrapped.Err // without the URL, which is told already
	}
	return oneline.Error(err, 200)
}

func (p *Post) sign(header http.Header, body []byte, publicKey, probe bool) error {
	named := ""
	if publicKey {
		named = p.keys.Credentials.Account().PublicKeyID
	}
	if err := p.keys.Sign(header, named, body, p.store.Clock.Wall()); err != nil {
		return err
	}
	if probe {
		// As long as the ones that merchants saw, and no base64 by its length.
		var noise [252]byte
		_, _ = rand.Read(noise[:])
		header.Set("Wechatpay-Signature", fault.ProbePrefix+base64.StdEncoding.EncodeToString(noise[:]))
	}
	return nil
}

// keepAttempt keeps an attempt and what follows from it. The error is that it
// was not saved: it was made all the same, and the journal says so.
func (p *Post) keepAttempt(id string, a Attempt, then func(*Notification)) error {
	e := journal.Entry{Kind: journal.Notification, Time: a.Time, Method: http.MethodPost, Status: a.Status, Message: a.Error, Duration: a.Duration, Fault: a.Fault,
		Notification: id}
	err := p.store.Update(func() error {
		n := p.notifications.Get(id)
		if n == nil {
			p.store.AfterSave(func() { p.journal.Add(e) })
			return nil // forgotten meanwhile
		}
		if len(n.Attempts) == maxAttempts {
			n.Attempts = append(n.Attempts[:0], n.Attempts[1:]...)
		}
		n.Attempts = append(n.Attempts, a)
		then(n)
		p.notifications.Put(id, n)
		e.Subject, e.Operation, e.Attempt, e.Next = n.Subject, n.EventType, n.Tries, n.Next
		e.Stage = p.Stage(n.Subject)
		if to, err := url.Parse(n.URL); err == nil {
			e.Target = to.Host + to.Path
		}
		p.store.AfterSave(func() { p.journal.Add(e) })
		return nil
	})
	if err != nil {
		e.Message, e.Next = strings.TrimSpace(e.Message+" (not saved)"), time.Time{}
		p.journal.Add(e)
	}
	return err
}
