package deliver

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/sandbox/internal/journal"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
	"github.com/wxpayscore/payscore/sandbox/internal/store"
	"github.com/wxpayscore/payscore/sandbox/internal/wire"
)

// Notification is what WeChat Pay has to tell a merchant, and how often it
// tried. It is the record that the sandbox keeps, too.
type Notification struct {
	ID        string          `json:"id"`
	EventType string          `json:"event_type"` // such as PAYSCORE.USER_PAID
	URL       string          `json:"url"`        // notify_url
	Subject   string          `json:"subject"`    // as in the journal
	CreatedAt time.Time       `json:"created_at"` // by the time of the orders
	Resource  json.RawMessage `json:"resource"`   // in plain
	Attempts  []Attempt       `json:"attempts,omitempty"`
	Tries     int             `json:"tries"`                // attempts of the schedule: one at once and 15 repeats
	Next      time.Time       `json:"next,omitzero"`        // by the time of the orders; zero: no more
	Delivered bool            `json:"delivered"`            // one attempt was answered with 200 or 204
	Probe     bool            `json:"probe"`                // the next attempt has a wrong signature
	Twice     bool            `json:"twice"`                // it comes once more after it was taken
	PublicKey bool            `json:"public_key,omitempty"` // a merchant with both keys gets it signed with the public key
}

// Attempt is one try to deliver a notification.
type Attempt struct {
	Time     time.Time     `json:"time"` // by the time of the orders
	Status   int           `json:"status,omitempty"`
	Error    string        `json:"error,omitempty"` // why it counts as not taken
	Duration time.Duration `json:"duration_ns"`     // on the wall clock
	Fault    string        `json:"fault,omitempty"` // probe, duplicate or resend
}

// Traffic makes notifications as irregular as they are in production. Each field
// selects every n-th notification: 1 is each, 0 is none.
type Traffic struct {
	// Probes have a wrong signature at first, WECHATPAY/SIGNTEST/, which the
	// receiver must refuse. Whatever it answers, the right one follows.
	Probes int `json:"probes"`
	// Duplicates come once more right after they were taken.
	Duplicates int `json:"duplicates"`
	// Late ones start 10 seconds after what they tell of, so that others
	// overtake them.
	Late int `json:"late"`
}

// lateBy is below the first interval of the schedule.
const lateBy = 10 * time.Second

// Post sends notifications and repeats them. Its exported fields are set before
// the first one.
type Post struct {
	Traffic Traffic // under the store's lock
	Limits  *Limits
	// Stage tells the stage of a subject that is an order. The store's lock is
	// held.
	Stage func(subject string) string

	store         *store.Store
	journal       *journal.Journal
	keys          *wire.Keys
	sender        *sender
	notifications *store.Table[Notification] // by id
	announced     int                        // to find every nth
}

// New returns a post without notifications, which keeps them in a store.
func New(s *store.Store, j *journal.Journal, k *wire.Keys) *Post {
	p := &Post{store: s, journal: j, keys: k, sender: newSender(), notifications: store.NewTable[Notification](s, "notifications")}
	p.notifications.OnLoad, p.Limits = p.plan, &p.sender.limits
	return p
}

// Close ends what is under way. Deliveries that were planned are still due when
// the sandbox starts again.
func (p *Post) Close() { p.sender.close() }

// Len is the number of notifications. The caller holds the store's lock.
func (p *Post) Len() int { return p.notifications.Len() }

// Announce queues a notification of something that happened. An empty URL means
// that the merchant asked for none. publicKey says which key signs it for a
// merchant with both. number makes up a number of WeChat Pay's
// with a prefix. The caller holds the store's lock.
func (p *Post) Announce(a rules.Announcement, publicKey bool, number func(prefix string) string) {
	if a.URL == "" {
		return
	}
	plain, err := json.Marshal(a.Resource)
	if err != nil {
		panic(fmt.Sprintf("sandbox: notify of %s: %v", a.EventType, err)) // generated types encode
	}
	now := p.store.Clock.Now().Round(0) // as it is read back from a file
	n := &Notification{
		ID: notificationID(number("EV")), EventType: a.EventType, URL: a.URL, Subject: a.Subject, CreatedAt: now, Resource: plain, Next: now,
		PublicKey: publicKey,
	}
	p.announced++
	each := func(n int) bool { return n > 0 && p.announced%n == 0 }
	n.Probe, n.Twice = each(p.Traffic.Probes), each(p.Traffic.Duplicates)
	if each(p.Traffic.Late) {
		n.Next = now.Add(lateBy)
	}
	p.notifications.Put(n.ID, n)
	p.plan(n.ID, n)
}

// notificationID makes up an id in the form of a UUID, which sorts by age.
func notificationID(number string) string {
	digits := fmt.Sprintf("%032s", number[2:])
	return strings.ToLower(fmt.Sprintf("%s-%s-%s-%s-%s", digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
}

// SetTraffic changes what happens to notifications from now on.
func (p *Post) SetTraffic(t Traffic) {
	p.store.Lock()
	defer p.store.Unlock()
	p.Traffic = t
}

// All returns copies of all notifications, oldest first.
func (p *Post) All() []Notification {
	p.store.Lock()
	defer p.store.Unlock()
	var all []Notification
	for _, n := range p.notifications.All() {
		c := *n
		c.Attempts = slices.Clone(n.Attempts)
		all = append(all, c)
	}
	return all
}
