package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Notification is what WeChat Pay has to tell a merchant, and how often it
// tried. It is the record that the sandbox keeps, too.
type Notification struct {
	ID        string          `json:"id"`
	EventType string          `json:"event_type"` // such as PAYSCORE.USER_PAID
	URL       string          `json:"url"`        // notify_url
	Subject   string          `json:"subject"`    // as in [Entry]
	CreatedAt time.Time       `json:"created_at"` // by the time of the orders
	Resource  json.RawMessage `json:"resource"`   // in plain
	Attempts  []Attempt       `json:"attempts,omitempty"`
	Tries     int             `json:"tries"`         // attempts of the schedule: one at once and 15 repeats
	Next      time.Time       `json:"next,omitzero"` // by the time of the orders; zero: no more
	Delivered bool            `json:"delivered"`     // one attempt was answered with 200 or 204
	Probe     bool            `json:"probe"`         // the next attempt has a wrong signature
	Twice     bool            `json:"twice"`         // it comes once more after it was taken
}

// Attempt is one try to deliver a notification.
type Attempt struct {
	Time     time.Time     `json:"time"` // by the time of the orders
	Status   int           `json:"status,omitempty"`
	Error    string        `json:"error,omitempty"` // why it counts as not taken
	Duration time.Duration `json:"duration_ns"`     // on the wall clock
	Fault    string        `json:"fault,omitempty"` // probe, duplicate or resend
}

// NotificationTraffic is what a receiver has to bear on the real net, for every
// how many notifications: 1 is each, 0 is none.
type NotificationTraffic struct {
	// Probes have a wrong signature at first, WECHATPAY/SIGNTEST/, which the
	// receiver must refuse. Whatever it answers, the right one follows.
	Probes int `json:"probes"`
	// Duplicates come once more right after they were taken.
	Duplicates int `json:"duplicates"`
	// Late ones start 10 seconds after what they tell of, so that others
	// overtake them.
	Late int `json:"late"`
}

// maxNotifications bounds the memory that they take. Those of the self test
// are refused above it; the others are bounded by what they are about.
const maxNotifications = 4 * DefaultMaxOrders

// lateBy is below the first interval of the schedule.
const lateBy = 10 * time.Second

// WithNotificationTraffic makes notifications as untidy as the real ones.
func WithNotificationTraffic(t NotificationTraffic) Option {
	return func(s *Sandbox) { s.traffic = t }
}

// SetNotificationTraffic changes what happens to notifications from now on.
func (s *Sandbox) SetNotificationTraffic(t NotificationTraffic) {
	s.mustBeOpen()
	s.db.Lock()
	defer s.db.Unlock()
	s.traffic = t
}

// announce queues a notification of something that happened to the subject. An
// empty url means that the merchant asked for none. The caller holds the lock.
func (s *Sandbox) announce(subject, url, eventType string, resource any) {
	if url == "" {
		return
	}
	plain, err := json.Marshal(resource)
	if err != nil {
		panic(fmt.Sprintf("sandbox: notify of %s: %v", eventType, err)) // generated types encode
	}
	now := s.now().Round(0) // as it is read back from a file
	n := &Notification{
		ID: s.notificationID(), EventType: eventType, URL: url, Subject: subject, CreatedAt: now, Resource: plain, Next: now,
	}
	s.announced++
	each := func(n int) bool { return n > 0 && s.announced%n == 0 }
	n.Probe, n.Twice = each(s.traffic.Probes), each(s.traffic.Duplicates)
	if each(s.traffic.Late) {
		n.Next = now.Add(lateBy)
	}
	s.notifications.Put(n.ID, n)
	s.planDelivery(n.ID, n)
}

// notificationID makes up an id in the form of a UUID, which sorts by age. The
// caller holds the lock.
func (s *Sandbox) notificationID() string {
	digits := fmt.Sprintf("%032s", s.number("EV")[2:])
	return strings.ToLower(fmt.Sprintf("%s-%s-%s-%s-%s", digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
}

// Notifications returns copies of all notifications, oldest first.
func (s *Sandbox) Notifications() []Notification {
	s.mustBeOpen()
	s.db.Lock()
	defer s.db.Unlock()
	var all []Notification
	for _, n := range s.notifications.All() {
		c := *n
		c.Attempts = slices.Clone(n.Attempts)
		all = append(all, c)
	}
	return all
}
