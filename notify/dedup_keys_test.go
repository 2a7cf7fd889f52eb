package notify

import (
	"testing"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// Two notifications have one key only when all of its parts are the same,
// whatever these hold.
func TestKeysAreUnambiguous(t *testing.T) {
	parts := []string{"", "a", "/", "%", "%2F", "a/", "/a", "%25"}
	seen := map[string][5]string{}
	for _, mchid := range parts {
		for _, sub := range parts {
			for _, number := range parts[1:] {
				for _, kind := range parts {
					for _, state := range parts {
						e := &Event{ID: number, Type: kind, SubMchID: sub, Resource: &payscore.ServiceOrderNotification{
							MchID: mchid, OutOrderNo: number, Collection: &payscore.NotifiedCollection{State: &state}}}
						all := [5]string{mchid, sub, number, kind, state}
						keys := dedupKeys(e)
						if len(keys) != 2 {
							t.Fatal(keys)
						}
						if before, ok := seen[keys[1]]; ok {
							t.Fatalf("%q and %q are both %s", before, all, keys[1])
						}
						seen[keys[1]] = all
					}
				}
			}
		}
	}
}
