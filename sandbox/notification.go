package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// notification is the record of one callback: what WeChat Pay has to say, and
// how often it tried.
type notification struct {
	ID        string          `json:"id"`
	EventType string          `json:"event_type"` // such as PAYSCORE.USER_PAID
	URL       string          `json:"url"`        // notify_url
	Subject   string          `json:"subject"`    // of its journal entries
	CreatedAt time.Time       `json:"created_at"`
	Resource  json.RawMessage `json:"resource"` // in plain
}

// announce queues a notification of something that happened to the subject. An
// empty url means that the merchant asked for none. The caller holds s.mu.
func (s *Sandbox) announce(subject, url, eventType string, resource any) {
	if url == "" {
		return
	}
	plain, err := json.Marshal(resource)
	if err != nil {
		panic(fmt.Sprintf("sandbox: notify of %s: %v", eventType, err)) // generated types encode
	}
	n := &notification{
		ID: s.notificationID(), EventType: eventType, URL: url, Subject: subject, CreatedAt: s.now(), Resource: plain,
	}
	s.notifications.put(n.ID, n)
}

// notificationID makes up an id in the form of a UUID, which sorts by age. The
// caller holds s.mu.
func (s *Sandbox) notificationID() string {
	digits := fmt.Sprintf("%032s", s.number("EV")[2:])
	return strings.ToLower(fmt.Sprintf("%s-%s-%s-%s-%s", digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
}
