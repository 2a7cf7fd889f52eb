package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/wxpayscore/payscore/sandbox"
)

func TestModifySandbox(t *testing.T) {
	// Nothing of these may be used: the key file is missing, the host real.
	t.Setenv("WECHATPAY_BASE_URL", "https://api.mch.weixin.qq.com")
	t.Setenv("WECHATPAY_MCHID", "1900000001")
	t.Setenv("WECHATPAY_SERIAL_NO", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1")
	t.Setenv("WECHATPAY_KEY_FILE", "no/such/key.pem")
	t.Setenv("WECHATPAY_CERT_FILE", "no/such/cert.pem")
	t.Setenv("WECHATPAY_PUBLIC_KEY_FILE", "no/such/pub.pem")
	t.Setenv("WECHATPAY_PUBLIC_KEY_ID", "PUB_KEY_ID_1")
	t.Setenv("WECHATPAY_SUB_MCHID", "1900000002")
	t.Setenv("WECHATPAY_SERVICE_ID", "1")
	t.Setenv("WECHATPAY_CONFIG", "no/such/file.yaml")

	for name, args := range map[string][]string{
		"alone":                  nil,
		"with flags of the real": {"--base-url", "https://api.mch.weixin.qq.com", "--mchid", "1900000001", "--config", "no/such/file.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			r := runArgs(t, append([]string{"modify", "--sandbox"}, args...)...)
			r.wantCode(t, exitDone)
			if r.err != "" {
				t.Errorf("stderr: %s", r.err)
			}
			wantAll(t, r.out,
				"POST /v3/payscore/partner/serviceorder/1234323JKHDFE1243252/modify\n  host           http://127.0.0.1:",
				"  signed line 1  POST\n  signed line 2  /v3/payscore/partner/serviceorder/1234323JKHDFE1243252/modify\n  signed line 3  1",
				"  signed line 4  ", `  signed line 5  {"device":`,
				"  mchid          1230000109\n", "  serial_no      ",
				"  answer         204 No Content\n  request id     ",
				"  verified by    public key PUB_KEY_ID_0112300001092026010100000000000001\n",
				"Order before\n  out_order_no   1234323JKHDFE1243252\n  state          DOING / MCH_COMPLETE / USER_PAYING\n  total_amount   500.00 yuan\n",
				"Order after\n", "  total_amount   399.00 yuan\n", "  post_discounts 1.00 yuan  满20减1元\n",
				"Done: 500.00 yuan -> 399.00 yuan\n")
			if strings.Contains(r.out, "qq.com") {
				t.Errorf("the real host is in the output:\n%s", r.out)
			}
		})
	}
}

func TestModifySandboxJSON(t *testing.T) {
	r := runArgs(t, "--json", "modify", "--sandbox", "ORDER-1")
	r.wantCode(t, exitDone)
	report := decodeJSON[changeReport](t, r.out)
	if *report.Before.TotalAmount != 50000 || *report.After.TotalAmount != 39900 || report.After.OutOrderNo != "ORDER-1" {
		t.Errorf("before %d, after %d of %s", *report.Before.TotalAmount, *report.After.TotalAmount, report.After.OutOrderNo)
	}
	c := report.Call
	if c.Method != "POST" || !strings.HasSuffix(c.URL, "/v3/payscore/partner/serviceorder/ORDER-1/modify") || c.Status != 204 ||
		c.RequestID == "" || !strings.HasPrefix(c.VerifiedBy, "PUB_KEY_ID_") || c.MchID != "1230000109" || len(c.SerialNo) != 40 {
		t.Errorf("call: %+v", c)
	}
	lines := strings.Split(c.Message, "\n")
	if len(lines) != 6 || lines[0] != "POST" || !strings.HasSuffix(c.URL, lines[1]) || lines[4][0] != '{' || lines[5] != "" {
		t.Errorf("signed: %q", c.Message)
	}
	if r.err != "" {
		t.Errorf("stderr: %s", r.err)
	}
}

func TestModifySandboxWithOnesOwnIDs(t *testing.T) {
	// The order of the sandbox is of its own sub-merchant.
	r := runArgs(t, "modify", "--sandbox", "--body", write(t, "b.json", example(t, "1900000109", "1900000777")))
	r.wantCode(t, exitInput)
	r.wantLine(t, "b.json: $.sub_mchid: is 1900000777", "is 1900000109")
}

func TestModifyBody(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		h := newHost(t)
		h.modify(t, example(t)).wantCode(t, exitDone)
		h.wantRequests(t, 3) // query, modify, query
		h.wantTotal(t, 39900)
	})
	t.Run("file with a byte order mark", func(t *testing.T) {
		h := newHost(t)
		h.modify(t, "\ufeff"+example(t)).wantCode(t, exitDone)
		h.wantTotal(t, 39900)
	})
	t.Run("standard input", func(t *testing.T) {
		h := newHost(t)
		runWith(t, strings.NewReader(example(t)), "modify", seedOutOrderNo, "--keys", h.dir, "-b", "-").wantCode(t, exitDone)
		h.wantTotal(t, 39900)
	})
	t.Run("sent as it is read", func(t *testing.T) {
		h := newHost(t, sandbox.WithLenientAmounts())
		r := h.modify(t, example(t, "39900", "40000", `"amount": 100`, `"amount": 0`), "--json")
		r.wantCode(t, exitDone)
		wantAll(t, decodeJSON[changeReport](t, r.out).Call.Message, `"total_amount":40000`, `"amount":0`)
		h.wantTotal(t, 40000)
	})
}

func TestModifyRefused(t *testing.T) {
	t.Run("broken formula", func(t *testing.T) {
		h := newHost(t)
		r := h.modify(t, example(t, "39900", "40000"))
		r.wantCode(t, exitFailed)
		warning, line, _ := strings.Cut(r.err, "\n")
		wantAll(t, warning, "warning: $.total_amount: 40000 fen", "39900 fen")
		result{err: line}.wantLine(t, "400 PARAM_ERROR", "number 268435464", "request id ", "-268435464")
		wantAll(t, r.out, "  answer         400 Bad Request\n", "  verified by    public key", "Order after")
		if strings.Contains(r.out, "Done") {
			t.Errorf("claims success:\n%s", r.out)
		}
		h.wantTotal(t, 50000)
	})
	t.Run("broken formula, as JSON", func(t *testing.T) {
		h := newHost(t)
		r := h.modify(t, example(t, "39900", "40000"), "--json")
		r.wantCode(t, exitFailed)
		e := decodeJSON[errorReport](t, r.err)
		if e.OutcomeUnknown || e.Status != 400 || e.Code != "PARAM_ERROR" || e.Number != 268435464 ||
			!strings.HasSuffix(e.RequestID, "-268435464") || !strings.Contains(e.Error, "PARAM_ERROR") {
			t.Errorf("%+v", e)
		}
		report := decodeJSON[changeReport](t, r.out)
		if report.Call.Status != 400 || report.Call.RequestID != e.RequestID || *report.After.TotalAmount != 50000 ||
			len(report.Findings) != 1 || !report.Findings[0].Warning {
			t.Errorf("%+v", report)
		}
	})
	t.Run("broken formula, lenient", func(t *testing.T) {
		h := newHost(t, sandbox.WithLenientAmounts())
		r := h.modify(t, example(t, "39900", "40000"))
		r.wantCode(t, exitDone)
		wantAll(t, r.err, "warning: $.total_amount: ")
		wantAll(t, r.out, "204 No Content", "Done: 500.00 yuan -> 400.00 yuan")
	})
	t.Run("unknown order", func(t *testing.T) {
		h := newHost(t)
		r := runArgs(t, "modify", "NOSUCH", "--keys", h.dir, "--body", write(t, "b.json", example(t)))
		r.wantCode(t, exitFailed)
		r.wantLine(t, "not modified", "404 ORDER_NOT_EXIST", "number 271317510", "request id ")
		h.wantRequests(t, 1)
	})
	t.Run("wrong signature", func(t *testing.T) {
		h := newHost(t)
		// Serial and public key are the sandbox's, the private key is not.
		args := append(without(h.flags(), "--key-file"), "--key-file", keyFile(t, newKeys(t).merchant))
		r := runArgs(t, append([]string{"modify", seedOutOrderNo, "--body", write(t, "b.json", example(t))}, args...)...)
		r.wantCode(t, exitFailed)
		r.wantLine(t, "not modified", "401 SIGN_ERROR", "number 270924332", "the key may not be the one of the serial_no")
		h.wantRequests(t, 1)
	})
}

func TestQuery(t *testing.T) {
	h := newHost(t)
	r := runArgs(t, "query", seedOutOrderNo, "--keys", h.dir)
	r.wantCode(t, exitDone)
	wantAll(t, r.out, "GET /v3/payscore/partner/serviceorder?out_order_no=1234323JKHDFE1243252&", "  answer         200 OK\n",
		"  verified by    public key", "Order\n  out_order_no   1234323JKHDFE1243252\n", "  total_amount   500.00 yuan\n")

	r = runArgs(t, "query", seedOutOrderNo, "--keys", h.dir, "--json")
	r.wantCode(t, exitDone)
	order := decodeJSON[map[string]any](t, r.out)
	if order["total_amount"] != 50000.0 || order["out_order_no"] != seedOutOrderNo {
		t.Errorf("%v", order)
	}

	r = runArgs(t, "query", "NOSUCH", "--keys", h.dir)
	r.wantCode(t, exitFailed)
	r.wantLine(t, "404 ORDER_NOT_EXIST", "number 271317510")
	wantAll(t, r.out, "  answer         404 Not Found\n")

	h.spoil = func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	}
	r = runArgs(t, "query", seedOutOrderNo, "--keys", h.dir)
	r.wantCode(t, exitFailed) // a query changes nothing, whatever it answers
	r.wantLine(t, "502")
	if strings.Contains(r.err, "unknown") {
		t.Errorf("a query with an outcome: %s", r.err)
	}
	wantAll(t, r.out, "  verified by    nothing")
}
