package rules

import "github.com/wxpayscore/payscore/gen/payscore"

// PermissionsByUser finds the authorisation that a user gave: the one in
// force, else the newest. Nobody has two in force for the same service and
// app, so that one is kept for each.
type PermissionsByUser map[givenTo]*Permission

// givenTo is what an authorisation is asked for by, but for its code.
type givenTo struct {
	family              Family
	subMchID, serviceID string
	appID, subAppID     string  // "" stands for any
	user                UserIDs // one of the two ids
}

// each returns the ids of a user one by one.
func (u UserIDs) each() (ids []UserIDs) {
	if u.OpenID != "" {
		ids = append(ids, UserIDs{OpenID: u.OpenID})
	}
	if u.SubOpenID != "" {
		ids = append(ids, UserIDs{SubOpenID: u.SubOpenID})
	}
	return ids
}

// places are where an authorisation is found.
func places(p *Permission) (all []givenTo) {
	r := p.Request
	for _, id := range p.User.each() {
		for _, appID := range []string{"", r.AppID} {
			for _, subAppID := range []string{"", r.SubAppID} {
				all = append(all, givenTo{r.Family, r.SubMchID, r.ServiceID, appID, subAppID, id})
			}
		}
	}
	return all
}

// Add takes in an authorisation that has a user.
func (all PermissionsByUser) Add(p *Permission) {
	for _, at := range places(p) {
		all[at] = newer(all[at], p)
	}
}

// Find returns nil when the user gave none.
func (all PermissionsByUser) Find(f Family, user UserIDs, subMchID, serviceID, appID, subAppID string) (found *Permission) {
	for _, id := range user.each() {
		found = newer(found, all[givenTo{f, subMchID, serviceID, appID, subAppID, id}])
	}
	return found
}

// newer is the one in force, else the one that was given later. Either may be
// nil.
func newer(a, b *Permission) *Permission {
	switch {
	case a == nil:
		return b
	case b == nil || a.State == payscore.AuthorizationStateAvailable:
		return a
	case b.State == payscore.AuthorizationStateAvailable || b.OpenedAt.After(a.OpenedAt):
		return b
	}
	return a
}

// Replace puts a permission that changed in the place of what it was.
func (all PermissionsByUser) Replace(before, after *Permission) {
	for _, at := range places(before) {
		if all[at] == before {
			all[at] = after
		}
	}
}
