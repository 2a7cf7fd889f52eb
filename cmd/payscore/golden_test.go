package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/*.golden")

// volatile lists what differs from run to run or grows with the contract, with
// what replaces it.
var volatile = []struct {
	pattern *regexp.Regexp
	stand   string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`(signed line 3 +)\d{10}\b`), "${1}TIMESTAMP"},
	{regexp.MustCompile(`(signed line 4 +)[0-9A-Za-z]{32}\b`), "${1}NONCE"},
	{regexp.MustCompile(`(serial_no +)[0-9A-F]{40}\b`), "${1}SERIAL"},
	{regexp.MustCompile(`\b[0-9A-Z]{26}(-\d+)\b`), "REQUESTID${1}"},
	{regexp.MustCompile(`\S*/modify\.json`), "modify.json"},
	{regexp.MustCompile(`(serial +)[0-9A-F]{40}\b`), "${1}SERIAL"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d`), "DATE"},
	{regexp.MustCompile(`\d+ days ago`), "N days ago"},
	// TestBadBodies checks the list of fields. explain_number has a short list of
	// operations, which shows the layout.
	{regexp.MustCompile(`(known are )[a-z_, ]+`), "${1}FIELDS"},
	{regexp.MustCompile(`(Documented by )\d{2,}( operations .*\n)(  [A-Za-z, ]+\n)+`), "${1}N${2}  OPERATIONS\n"},
}

func TestGolden(t *testing.T) {
	h := newHost(t)
	for _, test := range []struct {
		name string
		run  func() result
	}{
		{"modify_sandbox", func() result { return runArgs(t, "modify", "--sandbox") }},
		{"query", func() result { return runArgs(t, "query", seedOutOrderNo, "--keys", h.dir) }},
		{"modify_refused", func() result { return h.modify(t, example(t, "39900", "40000")) }},
		{"modify_wrong", func() result { return h.modify(t, example(t, "40000", `"400.00"`, "total_", "totals_")) }},
		{"explain_number", func() result { return runArgs(t, "explain", "271316754") }},
		{"explain_code", func() result { return runArgs(t, "explain", "ORDER_NOT_EXIST") }},
		{"explain_sign_error", func() result {
			return runArgs(t, "explain", filepath.Join("testdata", "sign_error.json"), "--signed", filepath.Join("testdata", "signed.txt"))
		}},
		{"explain_operation", func() result { return runArgs(t, "explain", "ModifyPartnerServiceOrder") }},
		{"explain_notification", func() result {
			v := allVectors(t)[0]
			config := write(t, "c.yaml", "api_v3_key: "+v.APIv3Key)
			return runArgs(t, append([]string{"explain", "--notification", write(t, "n.http", v.request()), "--config", config}, vectorKeys...)...)
		}},
		{"explain_notification_fails", func() result {
			v := allVectors(t)[0]
			return runArgs(t, append([]string{"explain", "--notification", write(t, "n.http", v.request(setBody(strings.ReplaceAll(v.Body, "/", `\/`))))}, vectorKeys...)...)
		}},
		{"explain_notification_unknown", func() result {
			return runArgs(t, append([]string{"explain", "--notification", write(t, "n.http", allVectors(t)[0].request(setHeader("Wechatpay-Nonce", "n")))}, vectorKeys...)...)
		}},
		{"sign", func() result {
			return runArgs(t, "sign", "POST", "/v3/payscore/partner/serviceorder/A|B/modify", "--keys", h.dir,
				"--timestamp", "1750000000", "--nonce", "593BEC0C930BF1AFEB40B4A08C8FB240", "--body", write(t, "modify.json", "{\"reason\": \"用户\\t投诉\"}\r\n"))
		}},
		{"doctor", func() result { return runArgs(t, "doctor", "--keys", h.dir) }},
		{"doctor_fails", func() result {
			return runArgs(t, "doctor", "--mchid", "1900000001", "--base-url", h.url, "--cert-file", filepath.Join("testdata", "none.pem"))
		}},
		{"help_doctor", func() result { return runArgs(t, "doctor", "--help") }},
		{"help_explain", func() result { return runArgs(t, "explain", "--help") }},
		{"help_sign", func() result { return runArgs(t, "sign", "--help") }},
		{"help", func() result { return runArgs(t, "--help") }},
		{"help_modify", func() result { return runArgs(t, "modify", "--help") }},
		{"complete", func() result { return runArgs(t, "complete", newOutOrderNo, "--keys", h.dir, "--body", h.create(t)) }},
		{"sync_refused", func() result {
			return runArgs(t, "sync", newOutOrderNo, "--keys", newHostWithOrder(t).dir, "--paid-time", "20250315121010")
		}},
		{"cancel", func() result { return runArgs(t, "cancel", newOutOrderNo, "--keys", h.dir, "--reason", "用户投诉") }},
		{"help_complete", func() result { return runArgs(t, "complete", "--help") }},
		{"help_cancel", func() result { return runArgs(t, "cancel", "--help") }},
		{"help_pay", func() result { return runArgs(t, "pay", "--help") }},
		{"help_sync", func() result { return runArgs(t, "sync", "--help") }},
		{"help_query", func() result { return runArgs(t, "query", "--help") }},
		{"help_sandbox", func() result { return runArgs(t, "sandbox", "--help") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := test.run()
			got := r.out
			if r.err != "" {
				got += "-- stderr\n" + r.err
			}
			for line := range strings.SplitSeq(r.out, "\n") {
				if width(line) > 80 {
					t.Errorf("over 80 columns: %s", line)
				}
			}
			for _, v := range volatile {
				got = v.pattern.ReplaceAllString(got, v.stand)
			}
			file := filepath.Join("testdata", test.name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(readFile(t, file)); got != want {
				t.Errorf("differs from %s, run the test with -update and look at the change:\n%s", file, got)
			}
		})
	}
}

// newHostWithOrder has an order whose service is running.
func newHostWithOrder(t *testing.T) *host {
	h := newHost(t)
	h.create(t)
	return h
}

func TestHelp(t *testing.T) {
	for name, want := range map[string]string{
		"modify":  "payscore modify --sandbox\n",
		"query":   "payscore query 1234323JKHDFE1243252 ",
		"sandbox": "payscore sandbox --addr 127.0.0.1:",
	} {
		r := runArgs(t, name, "--help")
		r.wantCode(t, exitDone)
		wantAll(t, r.out, "Examples:\n\n    payscore "+name, want)
	}
	r := runArgs(t, "--help")
	r.wantCode(t, exitDone)
	wantAll(t, r.out, "Exit codes: 0 carried out, 1 refused or failed, 2 wrong input", "3 outcome unknown")
	r = runArgs(t, "--version")
	r.wantCode(t, exitDone)
	if strings.TrimSpace(r.out) == "" {
		t.Error("no version")
	}
}

// What a terminal would obey must not come out of a file or an answer.
func TestNoControlCharacters(t *testing.T) {
	h := newHost(t)
	// U+009B is what ESC and [ are in one character, and WeChat Pay may take it.
	r := h.modify(t, example(t, "就餐费用", `red\u009b31m\nOrder after`))
	r.wantCode(t, exitDone)
	if strings.Contains(r.out, "\u009b") || strings.Contains(r.out, "red\n") || strings.Count(r.out, "\nOrder after") != 1 {
		t.Errorf("%q", r.out)
	}
	wantAll(t, r.out, `400.00 yuan  red\u009b31m\nOrder after`+"\n")
}

func TestFold(t *testing.T) {
	for _, test := range []struct {
		text    string
		columns int
		want    string
	}{
		{"", 4, ""},
		{"abcd", 4, "abcd"},
		{"abcde", 4, "abcd|e"},
		{"费费费", 4, "费费|费"},
		{"a费费", 4, "a费|费"},
	} {
		if got := strings.Join(fold(test.text, test.columns), "|"); got != test.want {
			t.Errorf("fold(%q, %d) = %s, want %s", test.text, test.columns, got, test.want)
		}
	}
}
