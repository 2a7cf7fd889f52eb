// Package plainjson reads JSON of the plain kind, which is what WeChat Pay
// sends: whole numbers, no null for a known field, hardly an escape. It reads that
// several times as fast as encoding/json, without reflection, and keeps many
// strings in one piece of memory. On anything else it fails, valid or not, and
// encoding/json has to read the text from its start:
//
//	r := plainjson.NewReader(data)
//	for r.Object(); r.Field(); {
//		switch string(r.Key()) {
//		case "total_amount":
//			order.TotalAmount = r.Int64()
//		default:
//			r.Unknown()
//		}
//	}
//	if !r.Done() {
//		order = Order{}
//		err = json.Unmarshal(data, &order)
//	}
//
// What it takes, encoding/json takes too, with the same result. So the code
// above decides nothing but how long it takes.
package plainjson

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strings"
	"unicode/utf8"
)

// Reader reads one text. After a failure everything it returns is a zero value
// and every loop over fields or items ends, so that only Done need be asked. It
// is not for concurrent use.
type Reader struct {
	data   []byte
	at     int
	key    []byte
	text   strings.Builder // the strings that were read are parts of what it built
	first  bool            // no field or item was read since the bracket
	failed bool

	// Optional values are pointers into these, instead of an allocation each.
	pointed []string
	numbers []int64
}

// NewReader returns a reader of data, which must not change while it is read.
func NewReader(data []byte) Reader {
	// encoding/json replaces bytes that are not UTF-8.
	if !utf8.Valid(data) {
		return Reader{failed: true}
	}
	return Reader{data: data}
}

// Fail makes the reader fail.
func (r *Reader) Fail() {
	r.failed = true
	r.at = len(r.data)
}

// Once fails unless absent. encoding/json merges two fields of one name.
func (r *Reader) Once(absent bool) {
	if !absent {
		r.Fail()
	}
}

// Done reports whether everything was read and nothing failed.
func (r *Reader) Done() bool {
	return r.peek() == 0 && r.at == len(r.data) && !r.failed
}

// peek returns the next byte that is no space, and 0 at the end.
func (r *Reader) peek() byte {
	if r.at < len(r.data) && r.data[r.at] > ' ' {
		return r.data[r.at]
	}
	return r.skipSpace()
}

func (r *Reader) skipSpace() byte {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// take consumes c, which must come next.
func (r *Reader) take(c byte) {
	if r.peek() != c {
		r.Fail()
		return
	}
	r.at++
}

// Object begins to read an object.
func (r *Reader) Object() {
	r.take('{')
	r.first = !r.failed
}

// Field goes to the next field of an object, whose value must be read then. It
// is false at the end of the object.
func (r *Reader) Field() bool {
	if !r.more('}') {
		return false
	}
	r.key = r.Bytes()
	r.take(':')
	return !r.failed
}

// Key is the name of the field that Field went to.
func (r *Reader) Key() []byte { return r.key }

// Array begins to read an array.
func (r *Reader) Array() {
	r.take('[')
	r.first = !r.failed
}

// Item goes to the next item of an array, which must be read then. It is false
// at the end of the array.
func (r *Reader) Item() bool { return r.more(']') }

func (r *Reader) more(end byte) bool {
	c := r.peek()
	first := r.first
	r.first = false
	switch {
	case c == end:
		r.at++
		return false
	case first:
		return true
	case c == ',':
		r.at++
		return true
	}
	r.Fail()
	return false
}

// String reads a string.
func (r *Reader) String() string {
	b := r.Bytes()
	if len(b) > r.text.Cap()-r.text.Len() {
		r.text = strings.Builder{}
		r.text.Grow(max(len(b), (len(r.data)-r.at)/2, 64))
	}
	r.text.Write(b)
	s := r.text.String()
	return s[len(s)-len(b):]
}

// Bytes reads a string, and returns it as a part of what the reader reads, where
// it has no escapes.
func (r *Reader) Bytes() []byte {
	if r.peek() != '"' {
		r.Fail()
		return nil
	}
	start := r.at + 1
	end := special(r.data, start)
	switch {
	case end == len(r.data) || r.data[end] < ' ':
		r.Fail()
		return nil
	case r.data[end] == '\\':
		return r.escaped(start, end)
	}
	r.at = end + 1
	return r.data[start:end]
}

// escaped reads a string that starts after a quote and has its first escape at i.
func (r *Reader) escaped(start, i int) []byte {
	for i < len(r.data) && r.data[i] == '\\' {
		i = special(r.data, min(i+2, len(r.data)))
	}
	var s string
	if i == len(r.data) || json.Unmarshal(r.data[start-1:i+1], &s) != nil {
		r.Fail()
		return nil
	}
	r.at = i + 1
	return []byte(s)
}

// special returns where, from i on, the first quote, backslash or control
// character stands, or len(data).
func special(data []byte, i int) int {
	for ; i+16 <= len(data); i += 16 {
		words := data[i : i+16]
		first, second := specials(binary.LittleEndian.Uint64(words)), specials(binary.LittleEndian.Uint64(words[8:]))
		if first != 0 {
			return i + bits.TrailingZeros64(first)/8
		}
		if second != 0 {
			return i + 8 + bits.TrailingZeros64(second)/8
		}
	}
	for ; i < len(data); i++ {
		if c := data[i]; c < ' ' || c == '"' || c == '\\' {
			return i
		}
	}
	return i
}

// specials has the highest bit of each byte of x that is a quote, a backslash
// or a control character. Above the lowest there may be wrong ones, by a borrow.
func specials(x uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	control := x - ones*' '
	quote := (x ^ ones*'"') - ones
	backslash := (x ^ ones*'\\') - ones
	return (control | quote | backslash) &^ x & tops
}

// StringPointer reads a string.
func (r *Reader) StringPointer() *string {
	if len(r.pointed) == cap(r.pointed) {
		r.pointed = make([]string, 0, 16)
	}
	r.pointed = append(r.pointed, r.String())
	return &r.pointed[len(r.pointed)-1]
}

// Int64 reads a whole number.
func (r *Reader) Int64() int64 {
	c := r.peek()
	i := r.at
	negative := c == '-'
	if negative {
		i++
	}
	start := i
	var n int64
	for ; i < len(r.data); i++ {
		digit := r.data[i] - '0'
		if digit > 9 {
			break
		}
		n = n*10 + int64(digit)
	}
	if digits := i - start; digits == 0 || digits > 18 || digits > 1 && r.data[start] == '0' {
		r.Fail()
		return 0
	}
	r.at = i // where a fraction or an exponent is as wrong as any other text
	if negative {
		n = -n
	}
	return n
}

// Int64Pointer reads a whole number.
func (r *Reader) Int64Pointer() *int64 {
	if len(r.numbers) == cap(r.numbers) {
		r.numbers = make([]int64, 0, 12)
	}
	r.numbers = append(r.numbers, r.Int64())
	return &r.numbers[len(r.numbers)-1]
}

// Bool reads true or false.
func (r *Reader) Bool() bool {
	if r.peek() == 't' {
		r.literal("true")
		return !r.failed
	}
	r.literal("false")
	return false
}

func (r *Reader) literal(s string) {
	if rest := r.data[r.at:]; len(rest) < len(s) || string(rest[:len(s)]) != s {
		r.Fail()
		return
	}
	r.at += len(s)
}

// BoolPointer reads true or false.
func (r *Reader) BoolPointer() *bool {
	b := r.Bool()
	return &b
}

// maxDepth is how deep an unknown value may be.
const maxDepth = 16

// Unknown reads past the value of a field that the reader's user does not know.
func (r *Reader) Unknown() {
	// encoding/json takes Total_Amount for total_amount.
	for _, c := range r.key {
		if (c < 'a' || c > 'z') && c != '_' && (c < '0' || c > '9') {
			r.Fail()
			return
		}
	}
	r.skip(0)
}

func (r *Reader) skip(depth int) {
	if depth == maxDepth {
		r.Fail()
		return
	}
	switch r.peek() {
	case '"':
		r.Bytes()
	case '{':
		for r.Object(); r.Field(); {
			r.skip(depth + 1)
		}
	case '[':
		for r.Array(); r.Item(); {
			r.skip(depth + 1)
		}
	case 't', 'f':
		r.Bool()
	case 'n':
		r.literal("null")
	default:
		r.Int64()
	}
}
