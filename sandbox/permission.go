package sandbox

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// permissionLife is how long the user may open the page of an authorisation.
// What a scene's token lives is not published; it is given the same hour.
const permissionLife = time.Hour

// permissionRequest is what makes two requests for an authorisation the same.
type permissionRequest struct {
	SubMchID  string `json:"sub_mchid,omitempty"`
	ServiceID string `json:"service_id"`
	AppID     string `json:"appid"`
	SubAppID  string `json:"sub_appid,omitempty"`
	Code      string `json:"authorization_code"`
	NotifyURL string `json:"notify_url,omitempty"`
	Scene     string `json:"scene,omitempty"`
}

// permission is the record of an authorisation, a partner's or a direct
// merchant's.
type permission struct {
	Request     permissionRequest           `json:"request"`
	State       payscore.AuthorizationState `json:"state"`
	AskedAt     time.Time                   `json:"asked_at"` // last
	Token       string                      `json:"token"`
	User        UserIDs                     `json:"user"`
	OpenedAt    time.Time                   `json:"opened_at,omitzero"`
	ClosedAt    time.Time                   `json:"closed_at,omitzero"`
	CloseReason string                      `json:"close_reason,omitempty"` // the merchant's; empty when the user closed it
}

// UserIDs are the names that apps have for a person.
type UserIDs struct {
	OpenID    string `json:"openid,omitempty"`     // to the caller's app
	SubOpenID string `json:"sub_openid,omitempty"` // to the sub-merchant's app
}

// is tells whether one of the ids is the other's.
func (u UserIDs) is(other UserIDs) bool {
	return u.OpenID != "" && u.OpenID == other.OpenID || u.SubOpenID != "" && u.SubOpenID == other.SubOpenID
}

// permissionKey is where a permission is found. Codes are unique per service
// provider, so that two sub-merchants share one range.
func permissionKey(subMchID, code string) string {
	if subMchID == "" {
		return "merchant/" + code
	}
	return "partner/" + code
}

func (p *permission) key() string     { return permissionKey(p.Request.SubMchID, p.Request.Code) }
func (p *permission) subject() string { return permissionSubject(p.Request.SubMchID, p.Request.Code) }

// permissionSubject has three parts, so that no order's subject is the same.
func permissionSubject(subMchID, code string) string { return "permission/" + orderKey(subMchID, code) }

// ask asks for an authorisation and returns the token. A code with a user is
// used up, also after the authorisation ended.
func (s *Sandbox) ask(ctx context.Context, r permissionRequest) (token string, err error) {
	err = s.update(ctx, func() error {
		p := s.permissions.get(permissionKey(r.SubMchID, r.Code))
		if p == nil {
			if len(s.permissions.records) >= s.maxOrders {
				return tooMany()
			}
			p = &permission{Request: r, State: payscore.AuthorizationStateUnbinduser}
		}
		if p.Request != r || p.State != payscore.AuthorizationStateUnbinduser {
			return refuse(http.StatusBadRequest, "INVALID_REQUEST", 0, "授权协议号已被使用")
		}
		p.AskedAt, p.Token = s.now(), "sandbox_permission_"+rand.Text()
		s.permissions.put(p.key(), p)
		token = p.Token
		return nil
	})
	return token, err
}

func noPermission() *refusal {
	return refuse(http.StatusNotFound, "ORDER_NOT_EXIST", 0, "请求操作的授权记录不存在")
}

// permissionByCode finds what was asked for under a code. The caller holds
// s.mu.
func (s *Sandbox) permissionByCode(subMchID, serviceID, code string) (*permission, *refusal) {
	p := s.permissions.get(permissionKey(subMchID, code))
	if p == nil || p.Request.SubMchID != subMchID || p.Request.ServiceID != serviceID {
		return nil, noPermission()
	}
	return p, nil
}

// permissionOf finds what a user gave: what is in force, else what was given
// last. The caller holds s.mu.
func (s *Sandbox) permissionOf(user UserIDs, subMchID, serviceID, appID, subAppID string) (*permission, *refusal) {
	found := s.given.find(user, subMchID, serviceID, appID, subAppID)
	if found == nil {
		return nil, noPermission()
	}
	return found, nil
}

// end is the merchant's part in ending an authorisation. To repeat it with the
// same reason succeeds; which errors the real one gives then is not published.
func (s *Sandbox) end(ctx context.Context, find func() (*permission, *refusal), reason string) error {
	return s.update(ctx, func() error {
		p, refused := find()
		switch {
		case refused != nil:
			return refused
		case p.State == payscore.AuthorizationStateUnavailable && p.CloseReason == reason:
			return nil
		case p.State != payscore.AuthorizationStateAvailable:
			return refuse(http.StatusBadRequest, "INVALID_REQUEST", 0, "商户解除授权的授权码不是这个用户签约的授权")
		case s.hasUnfinishedOrders(p):
			return refuse(http.StatusBadRequest, "INVALID_REQUEST", 0, "存在未完成订单")
		}
		s.closePermission(p, reason)
		return nil
	})
}

// closePermission ends an authorisation. The caller holds s.mu.
func (s *Sandbox) closePermission(p *permission, reason string) {
	p.State, p.ClosedAt, p.CloseReason = payscore.AuthorizationStateUnavailable, s.now(), reason
	s.permissions.put(p.key(), p)
	s.announcePermission(p, catalog.EventUserCloseService, payscore.UserServiceStatusUserCloseService, p.ClosedAt)
}

func (s *Sandbox) announcePermission(p *permission, eventType string, status payscore.UserServiceStatus, at time.Time) {
	r := p.Request
	n := payscore.PermissionNotification{
		AppID: r.AppID, MchID: s.credentials.account.MchID, SubAppID: optional(r.SubAppID), SubMchID: optional(r.SubMchID),
		ServiceID: r.ServiceID, OpenID: optional(p.User.OpenID), SubOpenID: optional(p.User.SubOpenID),
		UserServiceStatus: &status, OpenorcloseTime: new(at.In(chinaTime).Format(secondPrecision)), AuthorizationCode: &r.Code,
	}
	if r.SubAppID != "" {
		n.OpenID = nil // the sub-merchant's app knows the user by sub_openid alone
	}
	s.announce(p.subject(), r.NotifyURL, eventType, n)
}

func (s *Sandbox) hasUnfinishedOrders(p *permission) bool {
	for _, o := range s.orders.records {
		e := o.Entity
		if !catalog.Stage(o.Stage).Final() && e.ServiceID == p.Request.ServiceID && value(e.SubMchID) == p.Request.SubMchID &&
			p.User.is(UserIDs{OpenID: value(e.OpenID), SubOpenID: value(e.SubOpenID)}) {
			return true
		}
	}
	return false
}

// OpenPermission is the user's part in an authorisation: on the page that the
// token of the last hour opens, they authorise the service. subMchID is empty
// for a direct merchant. A user without ids is the one of the contract's
// examples. The error is a [*MoveError].
func (s *Sandbox) OpenPermission(subMchID, authorizationCode string, user UserIDs) error {
	return s.otherMove("open_permission", permissionSubject(subMchID, authorizationCode), func() error {
		p := s.permissions.get(permissionKey(subMchID, authorizationCode))
		switch {
		case p == nil || p.Request.SubMchID != subMchID:
			return ErrNoSuchSubject
		case p.State != payscore.AuthorizationStateUnbinduser:
			return impossible("the authorisation is " + string(p.State))
		case s.now().Sub(p.AskedAt) > permissionLife:
			return impossible("the token is over an hour old")
		case p.Request.SubAppID == "" && user.SubOpenID != "":
			return impossible("without sub_appid nobody knows a sub_openid")
		}
		if user == (UserIDs{}) {
			user.OpenID = exampleOpenID
		}
		if p.Request.SubAppID != "" && user.SubOpenID == "" {
			user.SubOpenID = user.OpenID
		}
		r := p.Request
		if before, _ := s.permissionOf(user, r.SubMchID, r.ServiceID, r.AppID, ""); before != nil && before.State == payscore.AuthorizationStateAvailable {
			return impossible("the user authorised the service already, under " + before.Request.Code)
		}
		s.openPermission(p, user)
		s.announcePermission(p, catalog.EventUserOpenService, payscore.UserServiceStatusUserOpenService, p.OpenedAt)
		return nil
	})
}

// openPermission puts an authorisation into force. The caller holds s.mu.
func (s *Sandbox) openPermission(p *permission, user UserIDs) {
	p.User, p.State, p.OpenedAt = user, payscore.AuthorizationStateAvailable, s.now()
	s.permissions.put(p.key(), p)
	s.given.add(p)
}

// ClosePermission is the user's withdrawal of an authorisation, which needs no
// leave: orders that are not paid yet stay. The error is a [*MoveError].
func (s *Sandbox) ClosePermission(subMchID, authorizationCode string) error {
	return s.otherMove("close_permission", permissionSubject(subMchID, authorizationCode), func() error {
		p := s.permissions.get(permissionKey(subMchID, authorizationCode))
		switch {
		case p == nil || p.Request.SubMchID != subMchID:
			return ErrNoSuchSubject
		case p.State != payscore.AuthorizationStateAvailable:
			return impossible("the authorisation is " + string(p.State))
		}
		s.closePermission(p, "")
		return nil
	})
}

// exampleOpenID is the user of the contract's examples.
const exampleOpenID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"

// optional is the field of an answer that is left out when it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// value is "" for a field that was left out.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// moment is a time as RFC 3339 with China's offset, absent when it is zero.
func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return new(t.In(chinaTime).Format(time.RFC3339))
}
