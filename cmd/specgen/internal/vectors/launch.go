package vectors

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

type launchVectors struct {
	Comment  string         `json:"comment"`
	SignType string         `json:"sign_type"`
	Launches []launchVector `json:"launches"`
}

type launchVector struct {
	Name         string    `json:"name"`
	BusinessType string    `json:"business_type"`
	APIv2Key     string    `json:"api_v2_key"`
	Params       params    `json:"params"`
	Message      string    `json:"message"`
	Sign         string    `json:"sign"`
	QueryString  string    `json:"query_string"`
	Mistakes     []mistake `json:"mistakes,omitempty"`
}

// params is a JSON object in an order of its own: one that was sorted already
// would not tell who forgets to sort.
type params [][2]string

func (p params) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i, pair := range p {
		b.WriteByte("{,"[min(i, 1)])
		for j, text := range pair {
			if err := enc.Encode(text); err != nil {
				return nil, err
			}
			b.Truncate(b.Len() - 1) // the line feed of Encode
			if j == 0 {
				b.WriteByte(':')
			}
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// A mistake is a signature that is wrong, and how it comes about.
type mistake struct {
	What string `json:"what"`
	Sign string `json:"sign"`
}

const (
	signType = "HMAC-SHA256"
	apiV2Key = "TestOnlyAPIv2Key0123456789abcdef"
)

// launches lists parameters for openBusinessView, by which the merchant's page
// or app opens PayScore.
func launches() launchVectors {
	v := launchVectors{Comment: "Made with test keys. README.md beside this file says how to check it.", SignType: signType}
	for _, l := range []struct {
		name, business string
		params         params // in the order of the query string
	}{
		{"confirm an order", "wxpayScoreUse", [][2]string{
			{"mch_id", "1900000001"}, {"package", "DJIOSQPYWDxsjdldeuwhdodwxasd_dDiodnwjh9we"},
			{"timestamp", "1750000000"}, {"nonce_str", "zyx53Nkey8o4bHpxTQvd8m7e92nG5mG2"}}},
		{"a package with characters that a query escapes", "wxpayScoreUse", [][2]string{
			{"mch_id", "1900000001"}, {"package", "XXXX+a/b==&c d"},
			{"timestamp", "1750000001"}, {"nonce_str", "zyx53Nkey8o4bHpxTQvd8m7e92nG5mG3"}}},
		{"show an order", "wxpayScoreDetail", [][2]string{
			{"mch_id", "1900000001"}, {"service_id", "2002000000000558128851361561536"}, {"out_order_no", "1234323JKHDFE1243252"},
			{"timestamp", "1750000002"}, {"nonce_str", "zyx53Nkey8o4bHpxTQvd8m7e92nG5mG4"}}},
		{"an order number with the characters it may have", "wxpayScoreDetail", [][2]string{
			{"mch_id", "1900000001"}, {"service_id", "500001"}, {"out_order_no", "A|B*C_-1"},
			{"timestamp", "1750000003"}, {"nonce_str", "zyx53Nkey8o4bHpxTQvd8m7e92nG5mG5"}}},
		{"an empty value is neither signed nor sent", "wxpayScoreDetail", [][2]string{
			{"mch_id", "1900000001"}, {"service_id", "500001"}, {"out_order_no", "1234323JKHDFE1243252"}, {"query_id", ""},
			{"timestamp", "1750000004"}, {"nonce_str", "zyx53Nkey8o4bHpxTQvd8m7e92nG5mG6"}}},
	} {
		out := launchVector{Name: l.name, BusinessType: l.business, APIv2Key: apiV2Key,
			Params: append(slices.Clone(l.params), [2]string{"sign_type", signType})}
		var pairs, escaped, query []string
		for _, p := range out.Params {
			if p[1] == "" {
				continue
			}
			value := strings.ReplaceAll(url.QueryEscape(p[1]), "+", "%20")
			pairs = append(pairs, p[0]+"="+p[1])
			escaped = append(escaped, p[0]+"="+value)
			query = append(query, p[0]+"="+value)
		}
		unsorted := strings.Join(pairs, "&") + "&key=" + apiV2Key
		slices.Sort(pairs)
		slices.Sort(escaped)
		sorted := strings.Join(pairs, "&")
		out.Message = sorted + "&key=" + apiV2Key
		out.Sign = hmacOf(apiV2Key, out.Message)
		out.QueryString = strings.Join(append(query, "sign="+out.Sign), "&")
		out.Mistakes = []mistake{
			{"the APIv3 key instead of the APIv2 key", hmacOf(apiV3Key, sorted+"&key="+apiV3Key)},
			{"parameters not sorted", hmacOf(apiV2Key, unsorted)},
			{"no key at the end of the message", hmacOf(apiV2Key, sorted)},
		}
		if e := strings.Join(escaped, "&"); e != sorted {
			out.Mistakes = append(out.Mistakes, mistake{"values escaped before signing", hmacOf(apiV2Key, e+"&key="+apiV2Key)})
		}
		v.Launches = append(v.Launches, out)
	}
	return v
}

func hmacOf(key, message string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(message))
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}
