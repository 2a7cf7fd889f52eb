package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
)

func (s *streams) printf(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format, args...) }

func (s *streams) section(title string) { s.printf("%s\n", title) }

// row is one labelled line. The labels are the contract's names.
func (s *streams) row(label, format string, args ...any) {
	s.printf("  %-18s %s\n", label, fmt.Sprintf(format, args...))
}

func (s *streams) object(v any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := s.out.Write(b.Bytes())
	return err
}

// order shows what the stage and the bill of an order are.
func (s *streams) order(o *payscore.ServiceOrderEntity) {
	s.row("out_order_no", "%s", o.OutOrderNo)
	s.row("state", "%s", stage(o))
	s.row("total_amount", "%s", amount(o.TotalAmount))
	for _, p := range o.PostPayments {
		s.row("post_payments", "%s  %s", amount(p.Amount), p.Name)
	}
	for _, d := range o.PostDiscounts {
		name := ""
		if d.Name != nil {
			name = *d.Name
		}
		s.row("post_discounts", "%s  %s", amount(d.Amount), name)
	}
	s.printf("\n")
}

// stage is the triple that tells where an order stands.
func stage(o *payscore.ServiceOrderEntity) string {
	parts := []string{string(o.State)}
	if o.StateDescription != nil {
		parts = append(parts, string(*o.StateDescription))
	}
	if o.Collection != nil {
		parts = append(parts, string(o.Collection.State))
	}
	return strings.Join(parts, " / ")
}

func amount(fen *int64) string {
	if fen == nil {
		return "-"
	}
	return yuan(*fen)
}

func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return fmt.Sprintf("%s%d.%02d yuan", sign, fen/100, fen%100)
}

// callReport is what went over the wire, without the Authorization.
type callReport struct {
	Method     string `json:"method"`
	URL        string `json:"url"`
	Message    string `json:"signed_message"`
	MchID      string `json:"mchid"`
	SerialNo   string `json:"serial_no"`
	Status     int    `json:"status,omitempty"`
	RequestID  string `json:"request_id,omitempty"`
	VerifiedBy string `json:"verified_by,omitempty"`
}

// call reports the last request and answer; err is what the client made of it.
func (r *recorder) call(err error) callReport {
	if r.request == nil {
		return callReport{} // refused before anything was sent
	}
	report := callReport{Method: r.request.Method, URL: r.request.URL.String()}
	if a, parseErr := auth.ParseAuthorization(r.request.Header.Get("Authorization")); parseErr == nil {
		report.MchID, report.SerialNo = a.MchID, a.SerialNo
		report.Message = string(auth.RequestMessage(r.request.Method, r.request.URL.RequestURI(), a.Timestamp, a.Nonce, body(r.request)))
	}
	if r.response != nil {
		report.Status = r.response.StatusCode
		report.RequestID = r.response.Header.Get("Request-ID")
		if verified(r.response, err) {
			report.VerifiedBy = r.response.Header.Get(auth.HeaderSerial)
		}
	}
	return report
}

// verified tells whether the transport vouched for the answer: what it does
// not vouch for becomes an error that wraps auth.ErrUnverified.
func verified(rsp *http.Response, err error) bool {
	return rsp.Header.Get(auth.HeaderSignature) != "" && !isUnverified(err)
}

func body(req *http.Request) []byte {
	if req.GetBody == nil {
		return nil
	}
	r, err := req.GetBody()
	if err != nil {
		return nil
	}
	b, _ := io.ReadAll(r)
	return b
}

// call shows the request, what was signed, and the answer.
func (s *streams) call(c callReport) {
	if c.Method == "" {
		return
	}
	s.printf("%s %s\n", c.Method, c.URL)
	for i, line := range strings.SplitN(strings.TrimSuffix(c.Message, "\n"), "\n", 5) {
		s.row(fmt.Sprintf("signed line %d", i+1), "%s", line)
	}
	s.row("signed by", "mchid %s, certificate %s", c.MchID, c.SerialNo)
	if c.Status != 0 {
		s.row("answer", "%d %s", c.Status, http.StatusText(c.Status))
		s.row("request id", "%s", c.RequestID)
		switch {
		case c.VerifiedBy == "":
			s.row("verified by", "nothing: the answer is not to be trusted")
		case strings.HasPrefix(c.VerifiedBy, "PUB_KEY_ID_"):
			s.row("verified by", "WeChat Pay public key %s", c.VerifiedBy)
		default:
			s.row("verified by", "platform certificate %s", c.VerifiedBy)
		}
	}
	s.printf("\n")
}
