package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-pay/gopay"
	gopaywechat "github.com/go-pay/gopay/wechat/v3"
	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"github.com/wxpayscore/payscore/sandbox"
)

// fields is a body for peers that have no type for it.
type fields = map[string]any

// peer is another client for a partner's orders. It verifies every response.
type peer struct {
	create   func(ctx context.Context, body fields) error
	complete func(ctx context.Context, outOrderNo string, body fields) error
	modify   func(ctx context.Context, outOrderNo string, body fields) error // nil when it has no such call
	query    func(ctx context.Context, outOrderNo string) (total int64, err error)
	mismatch string // what it says of a signature that is well-formed and wrong
}

// The other clients sign for the sandbox, and verify its responses.
func TestPeersOnTheSandbox(t *testing.T) {
	for name, open := range map[string]func(*testing.T, *sandbox.Server) peer{"wechatpay-go": wechatpayGoPeer, "gopay": gopayPeer} {
		t.Run(name, func(t *testing.T) {
			box := sandbox.New(t)
			p, ctx, account := open(t, box), t.Context(), box.Credentials().Account()
			ok := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			wantTotal := func(outOrderNo string, want int64) {
				t.Helper()
				if got, err := p.query(ctx, outOrderNo); err != nil || got != want {
					t.Errorf("%s: queried a total of %d with error %v, want %d", outOrderNo, got, err, want)
				}
			}
			// Carried out, and not to be believed.
			wantMismatch := func(err error) {
				t.Helper()
				if err == nil || !strings.Contains(err.Error(), p.mismatch) {
					t.Errorf("with a wrong signature: %v, want %q", err, p.mismatch)
				}
			}
			create := func(outOrderNo string) {
				t.Helper()
				ok(p.create(ctx, fields{
					"service_id": account.ServiceID, "appid": account.AppID, "sub_mchid": account.SubMchID, "out_order_no": outOrderNo,
					"service_introduction": "XX充电宝", "risk_fund": fields{"name": "DEPOSIT", "amount": 60000},
					"time_range": fields{"start_time": "OnAccept"}, "notify_url": "https://example.com/notify",
					"need_user_confirm": false, "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
				}))
			}
			bill := func(total int64, name string, value any) fields {
				return fields{
					"service_id": account.ServiceID, "sub_mchid": account.SubMchID, "total_amount": total,
					"post_payments": []fields{{"name": "就餐费用", "amount": total}}, name: value,
				}
			}
			completion := bill(50000, "time_range", fields{"start_time": "20091225091010", "end_time": "20091225121010"})

			create("PEER-1_a")
			ok(p.complete(ctx, "PEER-1_a", completion))
			wantTotal("PEER-1_a", 50000)
			if p.modify != nil {
				ok(p.modify(ctx, "PEER-1_a", bill(39900, "reason", "用户投诉")))
				wantTotal("PEER-1_a", 39900)
			}

			create("PEER-2")
			off := box.Fault("bad-signature")
			wantMismatch(p.complete(ctx, "PEER-2", completion))
			if p.modify != nil {
				wantMismatch(p.modify(ctx, "PEER-2", bill(100, "reason", "用户投诉")))
			}
			_, err := p.query(ctx, "PEER-2")
			wantMismatch(err)
			off()
			if p.modify != nil {
				wantTotal("PEER-2", 100)
			} else {
				wantTotal("PEER-2", 50000)
			}
			for _, e := range box.Requests("") {
				if e.Status >= http.StatusMultipleChoices {
					t.Errorf("%s %s: %d %s", e.Method, e.Target, e.Status, e.Code)
				}
			}
		})
	}
}

const serviceOrders = "/v3/payscore/partner/serviceorder"

// keysOf are the sandbox's as a merchant gets them, in a directory.
func keysOf(t *testing.T, box *sandbox.Server) (file func(name string) string) {
	t.Helper()
	dir := t.TempDir()
	if err := box.Credentials().Save(dir); err != nil {
		t.Fatal(err)
	}
	return func(name string) string { return filepath.Join(dir, name) }
}

// wechatpayGoPeer calls by its general methods: it knows no PayScore.
func wechatpayGoPeer(t *testing.T, box *sandbox.Server) peer {
	account, file := box.Credentials().Account(), keysOf(t, box)
	merchant, err := utils.LoadPrivateKeyWithPath(file(sandbox.MerchantKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	public, err := utils.LoadPublicKeyWithPath(file(sandbox.PublicKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	client, err := core.NewClient(t.Context(),
		option.WithWechatPayPublicKeyAuthCipher(account.MchID, account.SerialNo, merchant, account.PublicKeyID, public))
	if err != nil {
		t.Fatal(err)
	}
	read := func(result *core.APIResult, err error) (status int, body []byte, _ error) {
		if err != nil {
			return 0, nil, err
		}
		defer result.Response.Body.Close()
		body, err = io.ReadAll(result.Response.Body)
		return result.Response.StatusCode, body, err
	}
	post := func(ctx context.Context, path string, body fields, want int) error {
		status, _, err := read(client.Post(ctx, box.URL+path, body))
		if err == nil && status != want {
			err = fmt.Errorf("status %d", status)
		}
		return err
	}
	change := func(operation string) func(context.Context, string, fields) error {
		return func(ctx context.Context, outOrderNo string, body fields) error {
			return post(ctx, serviceOrders+"/"+url.PathEscape(outOrderNo)+operation, body, http.StatusNoContent)
		}
	}
	return peer{
		create:   func(ctx context.Context, body fields) error { return post(ctx, serviceOrders, body, http.StatusOK) },
		complete: change("/complete"),
		modify:   change("/modify"),
		query: func(ctx context.Context, outOrderNo string) (int64, error) {
			query := url.Values{"service_id": {account.ServiceID}, "sub_mchid": {account.SubMchID}, "out_order_no": {outOrderNo}}
			_, body, err := read(client.Get(ctx, box.URL+serviceOrders+"?"+query.Encode()))
			var order struct {
				TotalAmount int64 `json:"total_amount"`
			}
			if err == nil {
				err = json.Unmarshal(body, &order)
			}
			return order.TotalAmount, err
		},
		mismatch: "verification error",
	}
}

// gopayPeer has calls for these three, and none for modify.
func gopayPeer(t *testing.T, box *sandbox.Server) peer {
	account, file := box.Credentials().Account(), keysOf(t, box)
	pem := func(name string) []byte {
		b, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	client, err := gopaywechat.NewClientV3(account.MchID, account.SerialNo, account.APIv3Key(), string(pem(sandbox.MerchantKeyFile)))
	if err == nil {
		client.SetProxyHost(box.URL)
		err = client.AutoVerifySignByPublicKey(pem(sandbox.PublicKeyFile), account.PublicKeyID)
	}
	if err != nil {
		t.Fatal(err)
	}
	// A refusal comes beside a nil error.
	refusal := func(code int, text string) error {
		if code != gopaywechat.Success {
			return fmt.Errorf("code %d: %s", code, text)
		}
		return nil
	}
	return peer{
		create: func(ctx context.Context, body fields) error {
			rsp, err := client.V3ScoreOrderPartnerCreate(ctx, gopay.BodyMap(body))
			if err != nil {
				return err
			}
			return refusal(rsp.Code, rsp.Error)
		},
		complete: func(ctx context.Context, outOrderNo string, body fields) error {
			rsp, err := client.V3ScoreOrderPartnerComplete(ctx, outOrderNo, gopay.BodyMap(body))
			if err != nil {
				return err
			}
			return refusal(rsp.Code, rsp.Error)
		},
		query: func(ctx context.Context, outOrderNo string) (int64, error) {
			rsp, err := client.V3ScoreOrderPartnerQuery(ctx, gopaywechat.OutTradeNo, outOrderNo, account.ServiceID, account.SubMchID)
			if err != nil {
				return 0, err
			}
			return int64(rsp.Response.TotalAmount), refusal(rsp.Code, rsp.Error)
		},
		mismatch: "verification error",
	}
}
