package ledger

import (
	"context"
	"crypto/rand"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox/internal/rules"
)

// keepPermission puts an authorisation and does what follows. The caller holds
// the lock.
func (l *Ledger) keepPermission(p rules.Permission, e rules.Effects) {
	before := l.permissions.Get(p.Key())
	l.permissions.Put(p.Key(), &p)
	if before != nil {
		l.given.Replace(before, &p)
	}
	l.given.Add(&p)
	l.follow(e, p.Named)
}

func (l *Ledger) movePermission(a MoveArgs, move func(rules.Permission) (rules.Permission, rules.Effects, error)) error {
	p := l.permissions.Get(rules.PermissionKey(a.Family, a.SubMchID, a.AuthorizationCode))
	if p == nil || p.Request.SubMchID != a.SubMchID {
		return rules.ErrNoSuchSubject
	}
	moved, effects, err := move(*p)
	if err != nil {
		return err
	}
	l.keepPermission(moved, effects)
	return nil
}

// Ask asks for an authorisation and returns the token.
func (l *Ledger) Ask(ctx context.Context, r rules.PermissionRequest) (token string, err error) {
	err = l.update(ctx, func() error {
		known := l.permissions.Get(rules.PermissionKey(r.Family, r.SubMchID, r.Code))
		if known == nil && l.permissions.Len() >= l.MaxOrders {
			return rules.TooMany()
		}
		p, refused := rules.Ask(r, known, "sandbox_permission_"+rand.Text(), l.terms())
		if refused != nil {
			return refused
		}
		p.Named = namedBy(ctx)
		l.keepPermission(p, rules.Effects{})
		token = p.Token
		return nil
	})
	return token, err
}

// Asked names an authorisation: by its code, by its user, or by both.
type Asked struct {
	Family                    rules.Family
	ChannelID                 string // empty: the request names none
	SubMchID, ServiceID, Code string
	User                      rules.UserIDs
	AppID, SubAppID           string
}

// permission finds an authorisation: what a user gave is what is in force, else
// what was given last. The caller holds the lock.
func (l *Ledger) permission(a Asked) (*rules.Permission, *rules.Refusal) {
	if a.Code == "" {
		if p := l.given.Find(a.Family, a.User, a.SubMchID, a.ServiceID, a.AppID, a.SubAppID); p != nil {
			return p, nil
		}
		return nil, rules.NoPermission()
	}
	p := l.permissions.Get(rules.PermissionKey(a.Family, a.SubMchID, a.Code))
	if p == nil || p.Request.SubMchID != a.SubMchID || p.Request.ServiceID != a.ServiceID {
		return nil, rules.NoPermission()
	}
	if a.ChannelID != "" && p.Request.ChannelID != a.ChannelID || a.AppID != "" && p.Request.AppID != a.AppID || a.User != (rules.UserIDs{}) && !p.User.Is(a.User) {
		return nil, rules.NoPermission()
	}
	return p, nil
}

// Permission returns an authorisation, and the risk level of its user: nil while
// it has none.
func (l *Ledger) Permission(ctx context.Context, a Asked) (p rules.Permission, level *rules.RiskLevel, err error) {
	defer l.lock(ctx)()
	found, refused := l.permission(a)
	if refused != nil {
		return p, nil, refused
	}
	return *found, l.levelOf(found), nil
}

func (l *Ledger) levelOf(p *rules.Permission) *rules.RiskLevel {
	if p.State == payscore.AuthorizationStateUnbinduser {
		return nil
	}
	for _, id := range []string{p.User.OpenID, p.User.SubOpenID} {
		if r := l.riskLevels.Get(id); r != nil {
			return r
		}
	}
	return &rules.ExampleRiskLevel
}

// Terminate is the merchant's part in ending an authorisation.
func (l *Ledger) Terminate(ctx context.Context, a Asked, reason string) error {
	return l.update(ctx, func() error {
		p, refused := l.permission(a)
		if refused != nil {
			return refused
		}
		unfinished := false
		for _, o := range l.orders.Unsorted() {
			unfinished = unfinished || p.IsOf(*o)
		}
		ended, effects, refused := rules.Terminate(*p, reason, unfinished, l.terms())
		if refused != nil {
			return refused
		}
		if !effects.Repeat {
			l.keepPermission(ended, effects)
		}
		return nil
	})
}

// Quotas returns what is suggested for each layer of a service's users, and
// whether there is such a version of the layers.
func (l *Ledger) Quotas(ctx context.Context, serviceID string, version int64) (rules.Quotas, bool) {
	defer l.lock(ctx)()
	if known := l.quotas.Get(rules.QuotasKey(serviceID, version)); known != nil {
		return *known, true
	}
	return rules.ExampleQuotas, version == rules.ExampleRiskLevel.RiskLevelVersion
}
