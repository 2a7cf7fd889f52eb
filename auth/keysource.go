package auth

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// KeySource is where a Verifier looks up the keys that WeChat Pay signs with,
// when they may change while the program runs. [CertificateSource] is one;
// write another to take the keys from a store of your own.
//
// Its methods must be safe for concurrent use.
type KeySource interface {
	// Key returns the key that Wechatpay-Serial names. id comes from the
	// network, before anything is verified: it may be anything, and the same
	// forged one may come thousands of times a second. It returns an error, best
	// an *UnknownKeyError, when there is no such key.
	Key(ctx context.Context, id string) (Key, error)
	// PreferredID is the key id to send as Wechatpay-Serial, empty for none.
	PreferredID() string
}

// keySet is a set of keys that does not change.
type keySet struct {
	keys      map[string]Key // by normalID
	preferred []Key          // public keys, then certificates from newest to oldest
}

func newKeySet(keys []Key) (*keySet, error) {
	set := &keySet{keys: make(map[string]Key, len(keys))}
	for _, k := range keys {
		if !isPublicKeyID(k.ID) && !isSerial(k.ID) {
			return nil, fmt.Errorf("auth: key id %s neither starts with %s nor is a serial number in hex", quote(k.ID), publicKeyPrefix)
		}
		pub, err := checkPublicKey(k.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("auth: key %s: %w", quote(k.ID), err)
		}
		id := normalID(k.ID)
		if _, ok := set.keys[id]; ok {
			return nil, fmt.Errorf("auth: key %s is given twice", quote(k.ID))
		}
		k.PublicKey = &rsa.PublicKey{N: new(big.Int).Set(pub.N), E: pub.E}
		set.keys[id] = k
		set.preferred = append(set.preferred, k)
	}
	slices.SortStableFunc(set.preferred, func(a, b Key) int {
		switch publicA, publicB := isPublicKeyID(a.ID), isPublicKeyID(b.ID); {
		case publicA && publicB:
			return 0
		case publicA:
			return -1
		case publicB:
			return 1
		}
		return b.NotBefore.Compare(a.NotBefore)
	})
	return set, nil
}

// renew returns the listed keys and those of s that have not expired: a
// certificate that is no longer listed may still be signed with.
func (s *keySet) renew(listed []Key, now time.Time) (*keySet, error) {
	all := slices.Clone(listed)
	for _, k := range s.preferred {
		again := slices.ContainsFunc(listed, func(l Key) bool { return normalID(l.ID) == normalID(k.ID) })
		if expired := !k.NotAfter.IsZero() && now.After(k.NotAfter); !again && !expired {
			all = append(all, k)
		}
	}
	return newKeySet(all)
}

func (s *keySet) get(id string) (Key, bool) {
	k, ok := s.keys[normalID(id)]
	return k, ok
}

func (s *keySet) preferredID(now time.Time) string {
	for _, k := range s.preferred {
		if k.inForce(now) {
			return k.ID
		}
	}
	if len(s.preferred) == 0 {
		return ""
	}
	return s.preferred[0].ID
}

// keyFrom asks a source that others wrote, and believes no key that could not
// have been meant.
func keyFrom(ctx context.Context, source KeySource, id string) (Key, *UnknownKeyError) {
	k, err := source.Key(ctx, id)
	if err == nil {
		if _, err = checkPublicKey(k.PublicKey); err == nil && normalID(k.ID) != normalID(id) {
			err = errors.New("the source answers another key")
		}
	}
	if err == nil {
		return k, nil
	}
	if unknown, ok := errors.AsType[*UnknownKeyError](err); ok {
		return Key{}, unknown
	}
	return Key{}, &UnknownKeyError{Serial: id, Err: err}
}
