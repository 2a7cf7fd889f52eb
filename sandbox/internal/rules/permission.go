package rules

import (
	"time"

	"github.com/wxpayscore/payscore/gen/catalog"
	"github.com/wxpayscore/payscore/gen/payscore"
)

// permissionLife is how long the user may open the page of an authorisation.
// What a scene's token lives is not published; it is given the same hour.
const permissionLife = time.Hour

// PermissionRequest is what makes two requests for an authorisation the same.
type PermissionRequest struct {
	Family    Family `json:"family,omitempty"`
	ChannelID string `json:"channel_id,omitempty"` // of an acquiring institution
	SubMchID  string `json:"sub_mchid,omitempty"`
	ServiceID string `json:"service_id"`
	AppID     string `json:"appid"`
	SubAppID  string `json:"sub_appid,omitempty"`
	Code      string `json:"authorization_code"`
	NotifyURL string `json:"notify_url,omitempty"`
	Scene     string `json:"scene,omitempty"`
}

// Permission is the record of an authorisation, a partner's or a direct
// merchant's.
type Permission struct {
	Request     PermissionRequest           `json:"request"`
	State       payscore.AuthorizationState `json:"state"`
	AskedAt     time.Time                   `json:"asked_at"` // last
	Token       string                      `json:"token"`
	User        UserIDs                     `json:"user"`
	OpenedAt    time.Time                   `json:"opened_at,omitzero"`
	ClosedAt    time.Time                   `json:"closed_at,omitzero"`
	CloseReason string                      `json:"close_reason,omitempty"` // the merchant's; empty when the user closed it
	Named       NamedKey                    `json:"named_key,omitempty"`    // by the request that asked for it last
}

// UserIDs are the names that apps have for a person.
type UserIDs struct {
	OpenID    string `json:"openid,omitempty"`     // to the caller's app
	SubOpenID string `json:"sub_openid,omitempty"` // to the sub-merchant's app
}

// Is tells whether one of the ids is the other's.
func (u UserIDs) Is(other UserIDs) bool {
	return u.OpenID != "" && u.OpenID == other.OpenID || u.SubOpenID != "" && u.SubOpenID == other.SubOpenID
}

// PermissionKey is where a permission is found. Codes are unique per service
// provider, so that two sub-merchants share one range.
func PermissionKey(f Family, subMchID, code string) string {
	if f != "" {
		return string(f) + "/" + code
	}
	if subMchID == "" {
		return "merchant/" + code
	}
	return "partner/" + code
}

func (p Permission) Key() string {
	return PermissionKey(p.Request.Family, p.Request.SubMchID, p.Request.Code)
}

// Subject names the permission in the journal.
func (p Permission) Subject() string {
	return PermissionSubject(p.Request.Family, p.Request.SubMchID, p.Request.Code)
}

// PermissionSubject begins like no order's subject.
func PermissionSubject(f Family, subMchID, code string) string {
	return "permission/" + FamilyKey(f, subMchID, code)
}

// Ask asks for an authorisation, which is opened by the token. known is the one
// of the same code, if there is one. A code with a user is used up, also after
// the authorisation ended.
func Ask(r PermissionRequest, known *Permission, token string, t Terms) (Permission, *Refusal) {
	p := Permission{Request: r, State: payscore.AuthorizationStateUnbinduser}
	if known != nil {
		p = *known
	}
	if p.Request != r || p.State != payscore.AuthorizationStateUnbinduser {
		return p, Refuse(badRequest, "INVALID_REQUEST", 0, "授权协议号已被使用")
	}
	p.AskedAt, p.Token = t.Now, token
	return p, nil
}

// NoPermission is the refusal of a request about one that there is not.
func NoPermission() *Refusal {
	return Refuse(notFound, "ORDER_NOT_EXIST", 0, "请求操作的授权记录不存在")
}

// Terminate is the merchant's part in ending an authorisation, which has
// unfinished orders or not. To repeat it with the same reason succeeds; which
// errors the real one gives then is not published.
func Terminate(p Permission, reason string, unfinished bool, t Terms) (Permission, Effects, *Refusal) {
	switch {
	case p.State == payscore.AuthorizationStateUnavailable && p.CloseReason == reason:
		return p, Effects{Repeat: true}, nil
	case p.State != payscore.AuthorizationStateAvailable:
		return p, Effects{}, Refuse(badRequest, "INVALID_REQUEST", 0, "商户解除授权的授权码不是这个用户签约的授权")
	case unfinished:
		return p, Effects{}, Refuse(badRequest, "INVALID_REQUEST", 0, "存在未完成订单")
	}
	p, effects := p.end(reason, t)
	return p, effects, nil
}

func (p Permission) end(reason string, t Terms) (Permission, Effects) {
	p.State, p.ClosedAt, p.CloseReason = payscore.AuthorizationStateUnavailable, t.Now, reason
	return p, p.announce(catalog.EventUserCloseService, payscore.UserServiceStatusUserCloseService, p.ClosedAt, t)
}

// IsOf reports whether an unfinished order is one that the authorisation was
// used for.
func (p Permission) IsOf(o Order) bool {
	e := o.Entity
	return !o.Final() && o.Family == p.Request.Family && e.ServiceID == p.Request.ServiceID && value(e.SubMchID) == p.Request.SubMchID &&
		p.User.Is(UserIDs{OpenID: value(e.OpenID), SubOpenID: value(e.SubOpenID)})
}

func (p Permission) announce(eventType string, status payscore.UserServiceStatus, at time.Time, t Terms) Effects {
	r := p.Request
	n := payscore.PermissionNotification{
		AppID: r.AppID, MchID: t.MchID, SubAppID: optional(r.SubAppID), SubMchID: optional(r.SubMchID),
		ServiceID: r.ServiceID, OpenID: optional(p.User.OpenID), SubOpenID: optional(p.User.SubOpenID),
		ChannelID: optional(r.ChannelID), UserServiceStatus: &status, OpenorcloseTime: new(Chinese(at)), AuthorizationCode: &r.Code,
	}
	if r.SubAppID != "" {
		n.OpenID = nil // the sub-merchant's app knows the user by sub_openid alone
	}
	return Effects{Announced: []Announcement{{p.Subject(), r.NotifyURL, eventType, n}}}
}

// OpenPermission is the user's part in an authorisation: on the page that the
// token of the last hour opens, they authorise the service. A user without ids
// is the one of the contract's examples. given are the authorisations of all
// users.
func OpenPermission(p Permission, user UserIDs, given PermissionsByUser, t Terms) (Permission, Effects, error) {
	r := p.Request
	switch {
	case p.State != payscore.AuthorizationStateUnbinduser:
		return p, Effects{}, Impossible("the authorisation is " + string(p.State))
	case t.Now.Sub(p.AskedAt) > permissionLife:
		return p, Effects{}, Impossible("the token is over an hour old")
	case r.SubAppID == "" && user.SubOpenID != "":
		return p, Effects{}, Impossible("without sub_appid nobody knows a sub_openid")
	}
	if user == (UserIDs{}) {
		user.OpenID = ExampleUser
	}
	if r.SubAppID != "" && user.SubOpenID == "" {
		user.SubOpenID = user.OpenID
	}
	if before := given.Find(r.Family, user, r.SubMchID, r.ServiceID, r.AppID, ""); before != nil && before.State == payscore.AuthorizationStateAvailable {
		return p, Effects{}, Impossible("the user authorised the service already, under " + before.Request.Code)
	}
	p.User, p.State, p.OpenedAt = user, payscore.AuthorizationStateAvailable, t.Now
	return p, p.announce(catalog.EventUserOpenService, payscore.UserServiceStatusUserOpenService, p.OpenedAt, t), nil
}

// ClosePermission is the user's withdrawal of an authorisation, which needs no
// leave: orders that are not paid yet stay.
func ClosePermission(p Permission, t Terms) (Permission, Effects, error) {
	if p.State != payscore.AuthorizationStateAvailable {
		return p, Effects{}, Impossible("the authorisation is " + string(p.State))
	}
	p, effects := p.end("", t)
	return p, effects, nil
}

// Partner is the answer to a partner's query.
func (p Permission) Partner(level *RiskLevel, t Terms) payscore.PartnerPermission {
	r := p.Request
	return payscore.PartnerPermission{
		ServiceID: r.ServiceID, AppID: r.AppID, MchID: t.MchID, SubMchID: r.SubMchID, SubAppID: optional(r.SubAppID),
		OpenID: optional(p.User.OpenID), SubOpenID: optional(p.User.SubOpenID), AuthorizationCode: &r.Code, AuthorizationState: p.State,
		NotifyURL: optional(r.NotifyURL), AuthorizationSuccessTime: Moment(p.OpenedAt), CancelAuthorizationTime: Moment(p.ClosedAt),
		UserRiskLevel: level.level(), RiskLevelVersion: level.version(),
	}
}

// Direct is the answer to a direct merchant's query.
func (p Permission) Direct(level *RiskLevel, t Terms) payscore.Permission {
	partner := p.Partner(level, t)
	return payscore.Permission{
		ServiceID: partner.ServiceID, AppID: partner.AppID, MchID: partner.MchID, OpenID: partner.OpenID,
		AuthorizationCode: partner.AuthorizationCode, AuthorizationState: partner.AuthorizationState, NotifyURL: partner.NotifyURL,
		AuthorizationSuccessTime: partner.AuthorizationSuccessTime, CancelAuthorizationTime: partner.CancelAuthorizationTime,
		UserRiskLevel: partner.UserRiskLevel, RiskLevelVersion: partner.RiskLevelVersion,
	}
}

// AcquiringBank is the answer to an acquiring institution's query.
func (p Permission) AcquiringBank(t Terms) payscore.AcquiringBankPermission {
	answer := As[payscore.AcquiringBankPermission](p.Partner(nil, t))
	answer.ChannelID = optional(p.Request.ChannelID)
	return answer
}
