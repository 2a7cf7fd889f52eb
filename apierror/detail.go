package apierror

import (
	"encoding/json"
	"strconv"
)

// DetailFields is what most details say. Each is "" when the answer does not
// say it.
type DetailFields struct {
	Field    string // JSON pointer into the body, or a parameter's name
	Issue    string // what is wrong with it
	Location string // body, url, query, authorization
	Value    string // what was sent; it may be a user's, so keep it out of logs
}

// DetailFields reads Detail, of which many shapes were seen: an object, an
// object in an object, a list of objects, a text. It never fails.
func (e *Error) DetailFields() DetailFields {
	var f DetailFields
	for _, object := range e.details() {
		for name, into := range map[string]*string{"field": &f.Field, "issue": &f.Issue, "location": &f.Location, "value": &f.Value} {
			if *into == "" {
				*into = text(object[name])
			}
		}
	}
	var issue string
	if f == (DetailFields{}) && json.Unmarshal(e.Detail, &issue) == nil {
		f.Issue = issue
	}
	return f
}

// SignInformation is what WeChat Pay verified when it refused a signature. It
// may show the start of the body, so keep it out of logs.
type SignInformation struct {
	Method string
	URL    string // the request-target
	// TruncatedMessage is the start of the message, to be compared with what
	// was signed; see [Error.DiffSigned].
	TruncatedMessage string
	// MessageLength is that of the whole message, in bytes; 0 when not told.
	MessageLength int
}

// SignInformation reads what a SIGN_ERROR tells in its detail, and says
// whether it tells anything.
func (e *Error) SignInformation() (SignInformation, bool) {
	for _, object := range e.details() {
		var seen map[string]json.RawMessage
		if json.Unmarshal(object["sign_information"], &seen) != nil {
			continue
		}
		s := SignInformation{
			Method:           text(seen["method"]),
			URL:              text(seen["url"]),
			TruncatedMessage: text(seen["truncated_sign_message"]),
		}
		if n, err := strconv.Atoi(text(seen["sign_message_length"])); err == nil && n > 0 {
			s.MessageLength = n
		}
		if s != (SignInformation{}) {
			return s, true
		}
	}
	return SignInformation{}, false
}

// details are the objects in Detail, from the outside in.
func (e *Error) details() []map[string]json.RawMessage {
	var found []map[string]json.RawMessage
	raw := e.Detail
	for range 4 { // two were seen
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
			raw = list[0]
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil || object == nil {
			break
		}
		found = append(found, object)
		raw = object["detail"]
	}
	return found
}
