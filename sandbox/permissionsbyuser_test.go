package sandbox_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

// givenOnce is an authorisation as the test remembers it.
type givenOnce struct {
	code, subMchID, subAppID string
	user                     userIDs
	inForce                  bool
}

// newestOf goes over all of them, oldest first.
func newestOf(all []*givenOnce, subMchID, subAppID string, user userIDs) (found *givenOnce) {
	for _, g := range all {
		same := user.OpenID != "" && g.user.OpenID == user.OpenID || user.SubOpenID != "" && g.user.SubOpenID == user.SubOpenID
		if same && g.subMchID == subMchID && (subAppID == "" || g.subAppID == subAppID) && (found == nil || !found.inForce) {
			found = g
		}
	}
	return found
}

// TestPermissionsByUser gives, withdraws and looks up authorisations at random,
// with restarts and resets in between.
func TestPermissionsByUser(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	data := sandbox.WithData(filepath.Join(t.TempDir(), "orders.db"))
	b := newBox(t, data)
	var all []*givenOnce
	did := map[string]int{}
	for i := range size(100, 300, 600) {
		g := &givenOnce{code: fmt.Sprintf("C%d", i), subMchID: one(subMchID, "1900000110"), subAppID: one("", "wxa", "wxb")}
		g.user.OpenID = one("o1", "o2")
		if g.subAppID != "" {
			g.user.SubOpenID = one("s1", "s2", "o1")
		}
		var what string
		switch n := random.IntN(100); {
		case n < 30:
			what = "given"
			body := partnerApplication(g.code)
			body.SubMchID, body.NotifyURL = g.subMchID, nil
			if g.subAppID != "" {
				body.SubAppID = &g.subAppID
			}
			_, err := b.client.ApplyPartnerPermission(t.Context(), body)
			b.ok(err)
			err = b.Move("open_permission", sandbox.MoveArgs{SubMchID: g.subMchID, AuthorizationCode: g.code, OpenID: g.user.OpenID, SubOpenID: g.user.SubOpenID})
			if before := newestOf(all, g.subMchID, "", g.user); before != nil && before.inForce {
				what = "given before"
				moveRefused(t, err, "open_permission", sandbox.ErrMoveImpossible)
				break
			}
			b.ok(err)
			g.inForce = true
			all = append(all, g)
			b.Advance(time.Second)
		case n < 50 && len(all) > 0:
			if g = all[random.IntN(len(all))]; g.inForce {
				what = "withdrawn"
				b.ok(b.Move("close_permission", sandbox.MoveArgs{SubMchID: g.subMchID, AuthorizationCode: g.code}))
				g.inForce = false
			}
		case n == 50:
			what, all = "reset", nil
			b.ok(b.Reset())
		case n < 55:
			what = "restarted"
			b.restart(data)
		default:
			params := payscore.SearchPartnerPermissionParams{ServiceID: serviceID, AppID: appID, SubMchID: g.subMchID}
			if g.subAppID != "" {
				params.SubAppID = &g.subAppID
			}
			if g.subAppID != "" && random.IntN(2) == 0 {
				g.user.OpenID, params.SubOpenID = "", &g.user.SubOpenID
			} else {
				g.user.SubOpenID, params.OpenID = "", &g.user.OpenID
			}
			got, err := b.client.SearchPartnerPermission(t.Context(), params)
			want := newestOf(all, g.subMchID, g.subAppID, g.user)
			if want == nil {
				what = "not found"
				checkRefused(t, err, noPermission)
				break
			}
			what = "found"
			if b.ok(err); *got.AuthorizationCode != want.code || (got.AuthorizationState == payscore.AuthorizationStateAvailable) != want.inForce {
				t.Fatalf("step %d: got %s, want %+v", i, asJSON(got), want)
			}
		}
		did[what]++
	}
	t.Log(did)
	for _, what := range []string{"given", "given before", "withdrawn", "found", "not found"} {
		if did[what] == 0 {
			t.Errorf("nothing was %s", what)
		}
	}
}

// A clock that stands still does not tell what is newer.
func TestPermissionsGivenAtTheSameTime(t *testing.T) {
	t.Parallel()
	data := sandbox.WithData(filepath.Join(t.TempDir(), "orders.db"))
	b := newBoxAt(t, clockAt(time.Now()), data)
	give := func(code string) {
		t.Helper()
		_, err := b.client.ApplyPermission(t.Context(), directApplication(code))
		b.ok(err)
		b.ok(b.Move("open_permission", sandbox.MoveArgs{AuthorizationCode: code}))
	}
	check := func(want string) {
		t.Helper()
		got, err := b.client.QueryPermissionByOpenid(t.Context(), openID, payscore.QueryPermissionByOpenidParams{ServiceID: serviceID, AppID: appID})
		if b.ok(err); *got.AuthorizationCode != want || got.AuthorizationState != payscore.AuthorizationStateAvailable {
			t.Errorf("got %s, want %s", asJSON(got), want)
		}
	}
	// Loaded by code, the one in force comes second, then first.
	for _, code := range []string{"C1", "C2", "C0"} {
		give(code)
		check(code)
		b.restart(data)
		check(code)
		b.ok(b.Move("close_permission", sandbox.MoveArgs{AuthorizationCode: code}))
	}
}
