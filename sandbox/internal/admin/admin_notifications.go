package admin

import (
	"context"
	"net/http"

	server "github.com/wxpayscore/payscore/gen/sandboxserver"
	"github.com/wxpayscore/payscore/sandbox/internal/deliver"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

func (a adminOperations) ListNotifications(_ context.Context, r server.ListNotificationsRequestObject) (server.ListNotificationsResponseObject, error) {
	return server.ListNotifications200JSONResponse{
		Notifications: a.adminNotifications(orDefault(r.Params.Subject, ""), int(orDefault(r.Params.Limit, defaultPage))),
	}, nil
}

// adminNotifications are the newest ones about a subject, or about all.
func (a adminOperations) adminNotifications(subject string, limit int) []server.Notification {
	found, all := []server.Notification{}, a.ledger.Post.All()
	for i := len(all) - 1; i >= 0 && len(found) < limit; i-- {
		if n := all[i]; subject == "" || n.Subject == subject {
			found = append(found, adminNotification(n))
		}
	}
	return found
}

func adminNotification(n deliver.Notification) server.Notification {
	view := server.Notification{
		ID: n.ID, EventType: n.EventType, URL: n.URL, Subject: n.Subject, CreatedAt: n.CreatedAt.In(rules.ChinaTime),
		State: server.NotificationStateWaiting, Attempts: []server.Attempt{},
	}
	switch {
	case n.Delivered:
		view.State = server.NotificationStateTaken
	case n.Next.IsZero():
		view.State = server.NotificationStateGivenUp
	}
	if !n.Next.IsZero() {
		view.NextAt = new(n.Next.In(rules.ChinaTime))
	}
	for _, attempt := range n.Attempts {
		view.Attempts = append(view.Attempts, server.Attempt{
			At: attempt.Time.In(rules.ChinaTime), Status: present(int64(attempt.Status)), Error: present(attempt.Error), Fault: present(attempt.Fault),
		})
	}
	return view
}

func (a adminOperations) ResendNotification(_ context.Context, r server.ResendNotificationRequestObject) (server.ResendNotificationResponseObject, error) {
	if _, err := a.ledger.Post.Resend(r.ID, false); err != nil {
		return nil, &problem{http.StatusNotFound, "NOT_FOUND", err.Error()}
	}
	return server.ResendNotification204Response{}, nil
}
