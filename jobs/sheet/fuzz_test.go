package sheet_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/hostiletext"
	"github.com/wxpayscore/payscore/jobs/sheet"
)

// A row that passes is one that the client would send, and says what the request says.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, false)
	}
	f.Add([]byte(partnerHeader+"1,A1,1,\"x\n1,A2,1E3,=\"\"x\"\"\n"), false)
	f.Add([]byte("sep=;\nsub_mchid;out_order_no;total_amount;reason;post_payments;post_discounts\n1;A1;100;x;"+csvCell(`[{"name":"a","amount":150}]`)+";"+csvCell(`[{"name":"b","amount":50}]`)), false)
	f.Add([]byte("out_order_no,total_amount,reason,total_before\nA1,100,x,101\n"), true)
	f.Fuzz(func(t *testing.T, raw []byte, direct bool) {
		opts := named
		if direct {
			opts.ServiceID, opts.AppID = "500001", "wx1"
		}
		s, err := sheet.Read(strings.NewReader(string(raw)), opts)
		var problems *sheet.Problems
		if err != nil {
			if err := hostiletext.CheckLine(err.Error(), 4000); err != nil {
				t.Error(err)
			}
			if !errors.As(err, &problems) {
				return
			}
			for _, p := range problems.List {
				if p.Line < 1 || p.Line > 1+strings.Count(string(raw), "\n")+strings.Count(string(raw), "\r") && s.Encoding != sheet.EncodingUTF16 {
					t.Errorf("line %d", p.Line)
				}
			}
		}
		var sum int64
		last := 0
		seen := map[[2]string]bool{}
		for _, r := range s.Rows {
			key := [2]string{r.SubMchID, r.OutOrderNo}
			if r.Line <= last || seen[key] || r.TotalAmount < 0 || sum+r.TotalAmount < sum {
				t.Errorf("row %+v", r)
			}
			last, seen[key], sum = r.Line, true, sum+r.TotalAmount
			check(t, r)
		}
		if sum != s.TotalAmount {
			t.Errorf("the sum is %d, the rows have %d", s.TotalAmount, sum)
		}
	})
}

func check(t *testing.T, r sheet.Row) {
	t.Helper()
	query := payscore.QueryPartnerServiceOrderParams{SubMchID: "1", OutOrderNo: &r.OutOrderNo}
	if err := query.Validate(); err != nil {
		t.Error(err)
	}
	var again []byte
	var invalid, err error
	if r.SubMchID != "" {
		var body payscore.ModifyPartnerServiceOrderRequest
		err = json.Unmarshal(r.Body, &body)
		if body.SubMchID != r.SubMchID || body.TotalAmount != r.TotalAmount {
			t.Errorf("the body differs from the row %+v: %s", r, r.Body)
		}
		invalid = body.Validate()
		again, _ = json.Marshal(body)
	} else {
		var body payscore.ModifyServiceOrderRequest
		err = json.Unmarshal(r.Body, &body)
		if body.TotalAmount != r.TotalAmount {
			t.Errorf("the body differs from the row %+v: %s", r, r.Body)
		}
		invalid = body.Validate()
		again, _ = json.Marshal(body)
	}
	if err != nil || invalid != nil || string(again) != string(r.Body) {
		t.Errorf("%v %v\n\t%s\n\t%s", err, invalid, r.Body, again)
	}
	if r.TotalBefore != nil && *r.TotalBefore <= r.TotalAmount {
		t.Errorf("%+v", r)
	}
}
