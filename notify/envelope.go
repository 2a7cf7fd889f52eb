package notify

import (
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/plainjson"
)

// envelope is what Parse needs of a payscore.Notification.
type envelope struct {
	id, eventType, summary string // are kept, so each is a string of its own

	// The rest may be parts of the body, whose most is the ciphertext.
	createTime                                   []byte
	algorithm, nonce, associatedData, ciphertext []byte
}

// readEnvelope reads the body of a notification: without copies where it can,
// else with what payscore.Unmarshal makes of it. With an error it returns what
// could be read.
func readEnvelope(body []byte) (envelope, error) {
	if e, ok := readPlainEnvelope(body); ok {
		return e, nil
	}
	n, err := payscore.Unmarshal[payscore.Notification](body)
	if n == nil {
		return envelope{}, err
	}
	e := envelope{
		id: n.ID, eventType: n.EventType, createTime: []byte(n.CreateTime),
		algorithm: []byte(n.Resource.Algorithm), nonce: []byte(n.Resource.Nonce), ciphertext: []byte(n.Resource.Ciphertext),
	}
	if n.Summary != nil {
		e.summary = *n.Summary
	}
	if n.Resource.AssociatedData != nil {
		e.associatedData = []byte(*n.Resource.AssociatedData)
	}
	return e, err
}

func readPlainEnvelope(body []byte) (e envelope, ok bool) {
	r := plainjson.NewReader(body)
	for r.Object(); r.Field(); {
		switch string(r.Key()) {
		case "id":
			e.id = string(r.Bytes())
		case "event_type":
			e.eventType = string(r.Bytes())
		case "summary":
			e.summary = string(r.Bytes())
		case "create_time":
			e.createTime = r.Bytes()
		case "resource_type":
			r.Bytes()
		case "resource":
			e.readPlainResource(&r)
		default:
			r.Unknown()
		}
	}
	return e, r.Done()
}

func (e *envelope) readPlainResource(r *plainjson.Reader) {
	for r.Object(); r.Field(); {
		switch string(r.Key()) {
		case "algorithm":
			e.algorithm = r.Bytes()
		case "nonce":
			e.nonce = r.Bytes()
		case "associated_data":
			e.associatedData = r.Bytes()
		case "ciphertext":
			e.ciphertext = r.Bytes()
		case "original_type":
			r.Bytes()
		default:
			r.Unknown()
		}
	}
}
