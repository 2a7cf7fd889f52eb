package sheet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/internal/hostiletext"
	"github.com/wxpayscore/payscore/jobs/sheet"
)

// named is a setting with which rows need no lines.
var named = sheet.Options{LineName: "服务费"}

func read(t *testing.T, text string, opts sheet.Options) (*sheet.Sheet, *sheet.Problems) {
	t.Helper()
	s, err := sheet.Read(strings.NewReader(text), opts)
	var problems *sheet.Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatal(err)
	}
	return s, problems
}

// want compares the problems with lines such as "3 2 total_yuan: has a comma".
func want(t *testing.T, kind string, got []sheet.Problem, lines ...string) {
	t.Helper()
	for i, p := range got {
		if err := hostiletext.CheckLine(p.String(), 1000); err != nil {
			t.Errorf("%s %q: %v", kind, p, err)
		}
		is := fmt.Sprintf("%d %d %s: %s", p.Line, p.Column, p.Name, p.Message)
		if i >= len(lines) {
			t.Errorf("%s: one more: %s", kind, is)
			continue
		}
		place, message, _ := strings.Cut(lines[i], ": ")
		if !strings.HasPrefix(is, place+": ") || !strings.Contains(p.Message, message) {
			t.Errorf("%s: got  %s\n\twant %s", kind, is, lines[i])
		}
	}
	for _, line := range lines[min(len(got), len(lines)):] {
		t.Errorf("%s: missing: %s", kind, line)
	}
}

const partnerHeader = "sub_mchid,out_order_no,total_yuan,reason\n"

func TestPartner(t *testing.T) {
	s, problems := read(t, " Out Order No ,SUB_MCHID,Total-Yuan,原因,note,post_payments,post_discounts,service_id\n"+
		"A-1,1900000109,399.00,用户投诉,x,\"[{\"\"name\"\":\"\"就餐费用\"\",\"\"amount\"\":40000,\"\"count\"\":4}]\",\"[{\"\"name\"\":\"\"满20减1元\"\",\"\"amount\"\":100}]\",500001\n"+
		"A-2,1900000109,0,\"多收,了 \"\"费用\"\"\"\n", named)
	if problems != nil {
		t.Fatal(problems)
	}
	if len(s.Rows) != 2 || s.TotalAmount != 39900 || s.Encoding != "UTF-8" || len(s.Ignored) != 1 || s.Ignored[0] != "note" || s.Warnings.Count != 0 {
		t.Fatalf("%+v", s)
	}
	for i, body := range []string{
		`{"sub_mchid":"1900000109","service_id":"500001","total_amount":39900,"reason":"用户投诉","post_payments":[{"name":"就餐费用","amount":40000,"count":4}],"post_discounts":[{"name":"满20减1元","amount":100}]}`,
		`{"sub_mchid":"1900000109","total_amount":0,"reason":"多收,了 \"费用\"","post_payments":[{"name":"服务费","amount":0}]}`,
	} {
		r := s.Rows[i]
		if r.Line != i+2 || r.SubMchID != "1900000109" || r.OutOrderNo != fmt.Sprint("A-", i+1) || r.TotalBefore != nil {
			t.Errorf("%+v", r)
		}
		if got := sorted(t, r.Body); got != sorted(t, []byte(body)) {
			t.Errorf("the body is\n\t%s", got)
		}
	}
}

func sorted(t *testing.T, raw []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(again)
}

func TestDirect(t *testing.T) {
	text := "appid,service_id,out_order_no,total_amount,reason,total_before\nwxd678efh567hg6787,500001,A1,100,用户投诉,101\n"
	s, problems := read(t, text, named)
	if problems != nil {
		t.Fatal(problems)
	}
	var body payscore.ModifyServiceOrderRequest
	if err := json.Unmarshal(s.Rows[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	if r := s.Rows[0]; r.SubMchID != "" || r.TotalAmount != 100 || *r.TotalBefore != 101 ||
		body.AppID != "wxd678efh567hg6787" || body.ServiceID != "500001" || body.TotalAmount != 100 || *body.PostPayments[0].Amount != 100 {
		t.Errorf("%+v %+v", r, body)
	}
	opts := named
	opts.AppID, opts.ServiceID = "wxd678efh567hg6787", "500001"
	again, problems := read(t, "out_order_no,total_amount,reason\nA1,100,用户投诉\n", opts)
	if problems != nil || string(again.Rows[0].Body) != string(s.Rows[0].Body) {
		t.Errorf("by settings: %v %s", problems, again.Rows[0].Body)
	}
	_, problems = read(t, strings.Replace(text, "500001", "", 1), named)
	want(t, "problem", problems.List, "2 2 service_id: empty")
}

func TestSubMchIDAsSetting(t *testing.T) {
	opts := named
	opts.SubMchID, opts.ServiceID = "1900000109", "500001"
	s, problems := read(t, "appid,out_order_no,total_amount,reason\nwx1,A1,100,用户投诉\n", opts)
	if problems != nil || s.Rows[0].SubMchID != "1900000109" || !strings.Contains(string(s.Rows[0].Body), `"service_id":"500001"`) ||
		strings.Contains(string(s.Rows[0].Body), "wx1") || s.Ignored[0] != "appid" {
		t.Errorf("%v %+v", problems, s)
	}
}

// The files were written with iconv, and those for Excel have its line ends.
func TestEncodings(t *testing.T) {
	plain, err := os.ReadFile("testdata/utf8.csv")
	if err != nil {
		t.Fatal(err)
	}
	wanted, problems := read(t, string(plain), named)
	if problems != nil || len(wanted.Rows) != 2 {
		t.Fatal(problems)
	}
	for file, encoding := range map[string]string{"utf8.csv": "UTF-8", "bom.csv": "UTF-8", "gbk.csv": "GB18030", "gb18030.csv": "GB18030", "utf16le.txt": "UTF-16", "utf16be.txt": "UTF-16"} {
		for _, set := range []string{"", encoding} {
			raw, err := os.ReadFile("testdata/" + file)
			if err != nil {
				t.Fatal(err)
			}
			opts := named
			opts.Encoding = set
			s, problems := read(t, string(raw), opts)
			if problems != nil || s.Encoding != encoding || s.Warnings.Count > 0 || len(s.Rows) != 2 || s.TotalAmount != 39950 {
				t.Errorf("%s: %v %+v", file, problems, s)
				continue
			}
			for i, r := range s.Rows {
				if w := wanted.Rows[i]; string(r.Body) != string(w.Body) || r.Line != w.Line || r.OutOrderNo != w.OutOrderNo || *r.TotalBefore != *w.TotalBefore {
					t.Errorf("%s: row %d: %s", file, i, r.Body)
				}
			}
		}
	}
}

func TestDoubtfulEncodings(t *testing.T) {
	gbk, err := os.ReadFile("testdata/gbk.csv")
	if err != nil {
		t.Fatal(err)
	}
	// One byte of a text in UTF-8 is lost: it must not become GBK.
	broken := partnerHeader + "1,A1,1,用户投诉\n1,A2,2,用户\xe6\x8a\n1,A3,3,多收了费用\n"
	s, problems := read(t, broken, named)
	want(t, "problem", problems.List, "3 4 reason: not UTF-8")
	if s.Encoding != "UTF-8" || len(s.Rows) != 2 {
		t.Errorf("%+v", s)
	}
	// A byte of a text in GBK is lost. The next line is whole.
	_, problems = read(t, strings.Replace(string(gbk), "\xa3\xac", "\xff", 1), named)
	want(t, "problem", problems.List, "2 4 reason: not GB18030")
	// 请 is in GBK what a letter of two bytes is in UTF-8, here in a reason alone.
	s, _ = read(t, partnerHeader+"1,A1,1,\xc4\xa3\n", named)
	want(t, "warning", s.Warnings.List, "0 0 : another encoding than UTF-8")
	opts := named
	opts.Encoding = "GB18030"
	s, problems = read(t, partnerHeader+"1,A1,1,\xc4\xa3\n", opts)
	if problems != nil || !strings.Contains(string(s.Rows[0].Body), "模") || s.Warnings.Count != 0 {
		t.Errorf("%v %+v", problems, s)
	}
	// Two files joined, one of each encoding.
	s, _ = read(t, string(gbk)+"1900000109,A1,1,用户投诉复核,2\n", named)
	want(t, "warning", s.Warnings.List, "0 0 : another encoding than GB18030")
}

func TestNoTable(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"workbook":      {"PK\x03\x04....", "workbook"},
		"old workbook":  {"\xd0\xcf\x11\xe0\xa1\xb1", "workbook"},
		"UTF-16 bare":   {"o\x00u\x00t\x00", "NUL"},
		"name too long": {partnerHeader, "21 characters"},
	} {
		opts := named
		if name == "name too long" {
			opts.LineName = strings.Repeat("费", 21)
		}
		s, err := sheet.Read(strings.NewReader(c.text), opts)
		if s != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := sheet.Read(strings.NewReader(""), sheet.Options{Encoding: "latin1"}); err == nil {
		t.Error("an encoding that is not known")
	}
	if _, err := sheet.Read(nil, named); err == nil {
		t.Error("nil")
	}
	cause := errors.New("the disk is gone")
	if _, err := sheet.Read(iotest.ErrReader(cause), named); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}

func TestHeader(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":      {"", []string{"1 0 : the table is empty"}},
		"empty rows":   {"\n,,\n", []string{"1 0 : the table is empty"}},
		"no rows":      {"\n" + partnerHeader + ",,\n", []string{"2 0 : no row follows"}},
		"all missing":  {"x\n1\n", []string{"1 0 : no column out_order_no", "1 0 : no column reason", "1 0 : total_amount (in fen) or total_yuan", "1 0 : sub_mchid, which service providers"}},
		"no appid":     {"service_id,out_order_no,total_yuan,reason\n1,1,1,x\n", []string{"1 0 : no column appid"}},
		"no service":   {"appid,out_order_no,total_yuan,reason\n1,1,1,x\n", []string{"1 0 : no column service_id"}},
		"twice":        {"sub_mchid,out_order_no,商户订单号,total_yuan,reason\n", []string{"1 3 out_order_no: column 2 has the same", "1 0 : no row follows"}},
		"both totals":  {"sub_mchid,out_order_no,total_amount,total_yuan,reason\n", []string{"1 4 total_yuan: there is a column total_amount too"}},
		"both before":  {"sub_mchid,out_order_no,total_amount,total_before,修改前金额(元),reason\n", []string{"1 5 total_before_yuan: there is a column total_before too"}},
		"quote":        {"sub_mchid,\"out_order_no\n", []string{"1 2 : not closed"}},
		"full-width ，": {"sub_mchid，out_order_no，total_yuan，reason\n", []string{"1 0 : no column out_order_no", "1 0 : no column reason", "1 0 : no column total_amount", "1 0 : no column sub_mchid"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := read(t, c.text, named)
			if problems == nil {
				t.Fatal("no problems")
			}
			want(t, "problem", problems.List, c.want...)
		})
	}
	_, problems := read(t, partnerHeader+"1,1,1,x\n", sheet.Options{})
	want(t, "problem", problems.List, "1 0 : no column post_payments, and no name")
}

func TestSeparatorsAndLineEnds(t *testing.T) {
	for name, text := range map[string]string{
		"comma":         partnerHeader + "1,A1,1,x y\n1,A2,2,z\n",
		"CRLF":          "sub_mchid,out_order_no,total_yuan,reason\r\n1,A1,1,x y\r\n1,A2,2,z\r\n\r\n,,,\r\n",
		"old Mac":       "sub_mchid,out_order_no,total_yuan,reason\r1,A1,1,x y\r1,A2,2,z\r",
		"tab":           "sub_mchid\tout_order_no\ttotal_yuan\treason\n1\tA1\t1\tx y\n1\tA2\t2\tz",
		"semicolon":     "sub_mchid;out_order_no;total_yuan;reason;\"a,b,c,d\"\n1;A1;1;x y\n1;A2;2;z\n",
		"sep=":          "sep=|\r\nsub_mchid|out_order_no|total_yuan|reason\n1|A1|1|x y\n1|A2|2|z\n",
		"empty rows":    "\n\n" + partnerHeader + ",,,\n1,A1,1,x y\n\n1,A2,2,z\n,,,\n\n",
		"Excel's texts": partnerHeader + "'1,=\"A1\",'1,x y\n\"=\"\"1\"\"\" ,\"A2\", 2 ,\u3000z\u200b\n",
	} {
		s, problems := read(t, text, named)
		if problems != nil || len(s.Rows) != 2 || s.Warnings.Count > 0 {
			t.Errorf("%s: %v %+v", name, problems, s)
			continue
		}
		if a, b := s.Rows[0], s.Rows[1]; a.OutOrderNo != "A1" || a.SubMchID != "1" || a.TotalAmount != 100 || b.OutOrderNo != "A2" || b.SubMchID != "1" || b.TotalAmount != 200 ||
			!strings.Contains(string(a.Body), `"x y"`) || !strings.Contains(string(b.Body), `"z"`) {
			t.Errorf("%s: %+v", name, s.Rows)
		}
	}
}

// Each row has one problem.
func TestProblems(t *testing.T) {
	long := strings.Repeat("费", 51)
	for name, c := range map[string]struct {
		header, row string
		want        []string
	}{
		"comma":             {"", `1,A,"1,234.50",x`, []string{"2 3 total_yuan: has a comma"}},
		"comma unquoted":    {"", "1,A,1,234.50,x", []string{"2 5 : 5 cells and the header 4"}},
		"full-width comma":  {"", "1,A,1，234,x", []string{"2 3 total_yuan: has a comma"}},
		"full-width digits": {"", "1,A,１２.５０,x", []string{"2 3 total_yuan: full-width"}},
		"1E3":               {"", "1,A,1E3,x", []string{"2 3 total_yuan: scientific"}},
		"1.2E+10":           {"", "1,A,1.2E+10,x", []string{"2 3 total_yuan: scientific"}},
		"negative":          {"", "1,A,-5,x", []string{"2 3 total_yuan: negative"}},
		"in parentheses":    {"", "1,A,(5.00),x", []string{"2 3 total_yuan: negative"}},
		"plus":              {"", "1,A,+5,x", []string{"2 3 total_yuan: has a sign"}},
		"three decimals":    {"", "1,A,1.001,x", []string{"2 3 total_yuan: more than two decimals"}},
		"no decimals":       {"", "1,A,1.,x", []string{"2 3 total_yuan: no digit on one side"}},
		"no whole":          {"", "1,A,.5,x", []string{"2 3 total_yuan: no digit on one side"}},
		"int64":             {"", "1,A,92233720368547758.08,x", []string{"2 3 total_yuan: more than 9223372036854775807 fen"}},
		"very long":         {"", "1,A," + strings.Repeat("9", 100) + ",x", []string{"2 3 total_yuan: more than 9223372036854775807 fen"}},
		"¥":                 {"", "1,A,¥5,x", []string{"2 3 total_yuan: currency"}},
		"full-width ¥":      {"", "1,A,￥5,x", []string{"2 3 total_yuan: currency"}},
		"元":                 {"", "1,A,5元,x", []string{"2 3 total_yuan: currency"}},
		"empty amount":      {"", "1,A,,x", []string{"2 3 total_yuan: empty: write 1234.50"}},
		"space in amount":   {"", "1,A,1 234,x", []string{"2 3 total_yuan: has a space"}},
		"no amount":         {"", "1,A,free,x", []string{"2 3 total_yuan: is no amount"}},
		"two points":        {"", "1,A,1.2.3,x", []string{"2 3 total_yuan: is no amount"}},
		"Excel's error":     {"", "1,A,#REF!,x", []string{"2 3 total_yuan: error of the spreadsheet"}},
		"formula":           {"", "1,A,=B2*2,x", []string{"2 3 total_yuan: formula"}},
		"fen with decimals": {"sub_mchid,out_order_no,total_amount,reason", "1,A,1.00,x", []string{"2 3 total_amount: in fen"}},
		"fen of 1E3":        {"sub_mchid,out_order_no,total_amount,reason", "1,A,1E3,x", []string{"2 3 total_amount: scientific"}},
		"fen of int64":      {"sub_mchid,out_order_no,total_amount,reason", "1,A,9223372036854775808,x", []string{"2 3 total_amount: more than"}},
		"not lower":         {"sub_mchid,out_order_no,total_yuan,amount_before,reason", "1,A,1.00,100,x", []string{"2 3 total_yuan: 100 fen, must be lower than the 100 fen of total_before"}},
		"before in yuan":    {"sub_mchid,out_order_no,total_yuan,total_before_yuan,reason", "1,A,1.00,1e2,x", []string{"2 4 total_before_yuan: scientific"}},

		"long order number":   {"", "1,1.23E+17,1,x", []string{"2 2 out_order_no: Excel has turned the number into \"1.23E+17\""}},
		"short one":           {"", "1,1E+17,1,x", []string{"2 2 out_order_no: Excel has turned"}},
		"long merchant":       {"", "1.9E+09,A,1,x", []string{"2 1 sub_mchid: Excel has turned"}},
		"full-width order":    {"", "1,Ａ1,1,x", []string{"2 2 out_order_no: full-width"}},
		"order with a space":  {"", "1,A 1,1,x", []string{"2 2 out_order_no: does not match"}},
		"no order":            {"", "1,,1,x", []string{"2 2 out_order_no: empty"}},
		"order of 33":         {"", "1," + strings.Repeat("A", 33) + ",1,x", []string{"2 2 out_order_no: 33 characters, at most 32"}},
		"no merchant":         {"", ",A,1,x", []string{"2 1 sub_mchid: empty"}},
		"no reason":           {"", "1,A,1,", []string{"2 4 reason: empty"}},
		"short row":           {"", "1,A,1", []string{"2 4 reason: empty"}},
		"reason of 51":        {"", "1,A,1," + long, []string{"2 4 reason: 51 characters, at most 50"}},
		"reason with emoji":   {"", "1,A,1,多🍜", []string{"2 4 reason: character 2 takes 4 bytes"}},
		"all of them":         {"", "1.9E+09,A 1,1E3,", []string{"2 1 sub_mchid: ", "2 3 total_yuan: ", "2 2 out_order_no: ", "2 4 reason: "}},
		"service of 33":       {"sub_mchid,service_id,out_order_no,total_yuan,reason", "1," + strings.Repeat("5", 33) + ",A,1,x", []string{"2 2 service_id: 33 characters"}},
		"text after a quote":  {"", `1,"A"B,1,x`, []string{"2 2 out_order_no: text follows the closing quote"}},
		"quote not closed":    {"", "1,A,1,\"x\n1,B,1E3,x", []string{"2 4 reason: not closed", "3 3 total_yuan: "}},
		"closed by the next":  {"", "1,A,1,\"x\n1,B,1E3,\"x\"\n", []string{"2 4 reason: not closed on its line", "3 3 total_yuan: "}},
		"line after a cell":   {"", "1,A,1,\"x\ny\r\nz\"\n1,B,1E3,x", []string{"5 3 total_yuan: "}},
		"cells on more lines": {"", "\"1\n\",A,\" 1E3\",x", []string{"3 3 total_yuan: "}},
		"twice":               {"", "1,A,1,x\n2,A,1,x\n1,A,2,x", []string{"4 2 out_order_no: \"A\" is the order of line 2, too"}},
		"twice, with others":  {"", "1,A,1E3,x\n1,A,2,x", []string{"2 3 total_yuan: ", "3 2 out_order_no: line 2"}},
		"sum":                 {"", "1,A,92233720368547758.07,x\n1,B,0.01,x", []string{"3 3 total_yuan: the sum of the amounts up to here"}},
	} {
		t.Run(name, func(t *testing.T) {
			header := partnerHeader
			if c.header != "" {
				header = c.header + "\n"
			}
			_, problems := read(t, header+c.row+"\n", named)
			if problems == nil {
				t.Fatal("no problems")
			}
			t.Log(problems)
			want(t, "problem", problems.List, c.want...)
		})
	}
}

func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		payments, discounts string
		want, warnings      []string
	}{
		"right":             {`[{"name":"a","amount":150}]`, `[{"name":"b","amount":50}]`, nil, nil},
		"escaped":           {`[{"name":"\u8d39\ud842\udfb7","amount":100}]`, "", []string{"2 4 post_payments: [0].name: character 2 takes 4 bytes"}, nil},
		"no JSON":           {`[{"name":“a”}]`, "", []string{"2 4 post_payments: no JSON from byte 10"}, nil},
		"cut":               {`[{"name"`, "", []string{"2 4 post_payments: no JSON"}, nil},
		"two values":        {`[] []`, "", []string{"2 4 post_payments: no JSON"}, nil},
		"object":            {`{"name":"a","amount":100}`, "", []string{"2 4 post_payments: the cell is an object, and an array belongs there"}, nil},
		"number":            {`[1]`, "", []string{"2 4 post_payments: [0] is a number, and an object"}, nil},
		"null":              {`[null]`, "", []string{"2 4 post_payments: [0] is null"}, nil},
		"yuan":              {`[{"name":"a","amount":1.00}]`, "", []string{"2 4 post_payments: [0].amount is a number 1.00, and a whole number belongs there"}, nil},
		"mistyped":          {`[{"name":"a","ammount":100}]`, "", []string{"2 4 post_payments: [0] has a member \"ammount\""}, nil},
		"in upper case":     {`[{"name":"a","Amount":100}]`, "", []string{"2 4 post_payments: [0] has a member \"Amount\""}, nil},
		"twice":             {`[{"amount":1,"name":"a","amount":100}]`, "", []string{"2 4 post_payments: [0].amount stands there twice"}, nil},
		"half of a pair":    {`[{"name":"\ud842","amount":100}]`, "", []string{"2 4 post_payments: surrogate"}, nil},
		"broken bytes":      {"[{\"name\":\"费\xe6\",\"amount\":100}]", "", []string{"2 4 post_payments: not UTF-8"}, nil},
		"none":              {`[]`, "", []string{"2 4 post_payments: 0 items, at least 1"}, []string{"2 3 total_amount: 100 fen, but the payments less the discounts are 0"}},
		"name of 21":        {`[{"name":"` + strings.Repeat("a", 21) + `","amount":100}]`, "", []string{"2 4 post_payments: [0].name: 21 characters"}, nil},
		"discounts":         {`[{"name":"a","amount":150}]`, `[{"name":"","amount":50}]`, []string{"2 5 post_discounts: [0].name: empty"}, nil},
		"discounts alone":   {"", `[{"name":"b","amount":50}]`, []string{"2 5 post_discounts: no post_payments"}, nil},
		"does not add up":   {`[{"name":"a","amount":150}]`, "", nil, []string{"2 3 total_amount: 100 fen, but the payments less the discounts are 150"}},
		"without a name":    {`[{"amount":100}]`, "", nil, []string{"2 4 post_payments: [0].name: absent"}},
		"names that repeat": {`[{"name":"a","amount":50},{"name":"a","amount":50}]`, "", nil, []string{"2 4 post_payments: [1].name: the same name"}},
		"more than int64":   {`[{"name":"a","amount":9223372036854775807},{"name":"b","amount":1}]`, "", nil, []string{"2 3 total_amount: exceeds an int64"}},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, start := range map[string]string{
				"partner": "sub_mchid,out_order_no,total_amount,post_payments,post_discounts,reason\n1,A1,100,",
				"direct":  "out_order_no,appid,total_amount,post_payments,post_discounts,reason,service_id\nA1,wx1,100,",
			} {
				end := map[string]string{"partner": "", "direct": ",500001"}[kind]
				s, problems := read(t, start+csvCell(c.payments)+","+csvCell(c.discounts)+",x"+end+"\n", named)
				want(t, kind+" warning", s.Warnings.List, c.warnings...)
				if problems == nil {
					problems = new(sheet.Problems)
				}
				want(t, kind+" problem", problems.List, c.want...)
				if len(problems.List)+len(s.Rows) != 1 {
					t.Errorf("%d rows", len(s.Rows))
				}
			}
		})
	}
	_, problems := read(t, "sub_mchid,out_order_no,total_amount,post_payments,reason\n1,A1,100,,x\n", sheet.Options{})
	want(t, "problem", problems.List, "2 4 post_payments: empty, and no name")
}

func csvCell(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// A number that may be right is not refused.
func TestWarnings(t *testing.T) {
	for name, c := range map[string]struct {
		rows string
		want []string
	}{
		"letters and digits":  {"1,1E3,1,x", []string{"2 2 out_order_no: scientific"}},
		"15 digits and zeros": {"1,123456789012345000,1,x\n1,A1,1,x\n1,123456789012346000,1,x", []string{"2 2 out_order_no: more than 15 digits end in zeros"}},
		"not all of them":     {"1,123456789012345000,1,x\n1,123456789012346001,1,x", nil},
		"reason of digits":    {"1,A1,1,234.50", []string{"2 4 reason: no letter"}},
		"reason of two lines": {"1,A1,1,\"x\r\ny\"", []string{"2 4 reason: ends on line 3"}},
	} {
		s, problems := read(t, partnerHeader+c.rows+"\n", named)
		if problems != nil || len(s.Rows) != strings.Count(c.rows, "\n1,")+1 {
			t.Errorf("%s: %v", name, problems)
		}
		want(t, name, s.Warnings.List, c.want...)
	}
}

func TestManyProblems(t *testing.T) {
	text := partnerHeader + strings.Repeat("1,A B,1E3,x\n", 3000)
	s, problems := read(t, text, named)
	if problems.Count != 6000 || len(problems.List) != sheet.MaxProblems || len(s.Rows) != 0 {
		t.Errorf("%d problems, %d listed", problems.Count, len(problems.List))
	}
	if err := hostiletext.CheckLine(problems.Error(), 1000); err != nil || !strings.HasSuffix(problems.Error(), "; and 5995 more") {
		t.Errorf("%v: %s", err, problems)
	}
	if text := new(sheet.Problems).Error(); text == "" {
		t.Error("the zero value has no text")
	}
}

// What a table holds does not act in a terminal, and a reason is not shown.
func TestHostileText(t *testing.T) {
	for _, text := range hostiletext.Texts {
		cell := csvCell(text)
		s, err := sheet.Read(strings.NewReader("sub_mchid,out_order_no,total_yuan,reason,"+cell+",post_payments\n"+
			strings.Repeat(cell+","+cell+","+cell+","+cell+","+cell+","+cell+"\n", 2)), named)
		if err == nil {
			t.Errorf("%q: no error", text)
			continue
		}
		if err := hostiletext.CheckLine(err.Error(), 4000); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if s == nil {
			continue
		}
		for _, name := range s.Ignored {
			if err := hostiletext.CheckLine(name, 1000); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
	_, problems := read(t, partnerHeader+"1,A1,1,MARKER"+strings.Repeat("x", 51)+"\n", named)
	if strings.Contains(problems.Error(), "MARKER") {
		t.Error(problems)
	}
}
