package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/sandbox"
)

var noon = time.Date(2025, 6, 15, 12, 0, 0, 0, time.FixedZone("CST", 8*3600))

func TestLifeOfAnOrder(t *testing.T) {
	b := newBoxAt(t, func() time.Time { return noon })
	ctx := t.Context()
	is := func(stage string) payscore.ServiceOrderEntity {
		t.Helper()
		order := b.query(orderNo)
		if got := stageOf(t, order); got != stage {
			t.Fatalf("the order is %s, want %s", got, stage)
		}
		return order
	}

	created := b.create(needConfirm(orderNo))
	if created.Package == nil || *created.Package == "" {
		t.Error("no package for the confirmation page")
	}
	order := is("CREATED")
	if order.OrderID == nil || *order.OrderID != created.OrderID || order.MchID != b.Credentials().Account().MchID {
		t.Errorf("created %s, but the query says %s", asJSON(created), asJSON(order))
	}
	if order.TotalAmount != nil || order.Collection != nil {
		t.Errorf("an amount before the completion: %s", asJSON(order))
	}

	b.ok(b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: orderNo}))
	is("USER_CONFIRM")
	if err := b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: orderNo}); err == nil {
		t.Error("confirmed twice")
	}
	if err := b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: "another"}); err == nil {
		t.Error("confirmed an order that is not there")
	}

	b.ok(b.client.CompletePartnerServiceOrder(ctx, orderNo, completion(50000)))
	order = is("USER_PAYING")
	if got := asJSON(order.Collection); got != `{"paid_amount":0,"paying_amount":50000,"state":"USER_PAYING","total_amount":50000}` {
		t.Errorf("to collect: %s", got)
	}
	if *order.TimeRange.StartTime != "OnAccept" || *order.TimeRange.EndTime != "20250601121010" {
		t.Errorf("the completion's times do not go over those of the order: %s", asJSON(order.TimeRange))
	}

	for _, total := range []int64{39900, 39899} {
		b.ok(b.modify(orderNo, total))
		order = is("USER_PAYING")
		if *order.TotalAmount != total || *order.Collection.PayingAmount != total || *order.PostPayments[0].Amount != total || !*order.NeedCollection {
			t.Errorf("modified to %d: %s", total, asJSON(order))
		}
	}

	b.ok(b.client.PayPartnerServiceOrder(ctx, orderNo, payment()))
	order = is("DONE")
	c := order.Collection
	if c == nil || c.State != payscore.CollectionStateUserPaid || *c.PaidAmount != 39899 || *c.PayingAmount != 0 || len(c.Details) != 1 {
		t.Fatalf("collected: %s", asJSON(c))
	}
	if d := c.Details[0]; *d.Amount != 39899 || *d.PaidType != payscore.PaidTypeNewton || *d.PaidTime != "20250615120000" {
		t.Errorf("the payment: %s", asJSON(d))
	}
}

func TestSyncTellsWhenAndHow(t *testing.T) {
	b := newBox(t)
	for i, c := range []struct{ told, kept string }{
		{"20091225091210", "20091225091210"},
		{"20091225", "20091225000000"},
	} {
		no := fmt.Sprint("sync", i)
		b.seed(no, 50000)
		b.ok(b.client.SyncPartnerServiceOrder(t.Context(), no, paidElsewhere(c.told)))
		order := b.query(no)
		if stageOf(t, order) != "DONE" || order.Collection.State != payscore.CollectionStateUserPaid {
			t.Errorf("after the sync: %s", asJSON(order))
		}
		if d := order.Collection.Details[0]; *d.PaidType != payscore.PaidTypeMch || *d.PaidTime != c.kept || *d.Amount != 50000 {
			t.Errorf("the payment: %s", asJSON(d))
		}
	}
	b.seed(orderNo, 50000)
	checkRefused(t, b.client.SyncPartnerServiceOrder(t.Context(), orderNo, paidElsewhere("20091399091210")), wrongParam("/detail/paid_time"))
	if stageOf(t, b.query(orderNo)) != "USER_PAYING" {
		t.Error("refused, but paid")
	}
}

// A refund names the transaction, so that no two may share a number.
func TestNumbersAreUnique(t *testing.T) {
	b := newBoxAt(t, func() time.Time { return noon })
	seen := map[string]string{}
	for _, no := range []string{"a", "b", "c"} {
		b.create(noConfirm(no))
	}
	for _, no := range []string{"a", "b", "c"} {
		b.ok(b.client.CompletePartnerServiceOrder(t.Context(), no, completion(100)))
		b.ok(b.client.PayPartnerServiceOrder(t.Context(), no, payment()))
		order := b.query(no)
		for _, number := range []string{*order.OrderID, *order.Collection.Details[0].TransactionID} {
			if seen[number] != "" {
				t.Errorf("number %s of orders %s and %s", number, seen[number], no)
			}
			seen[number] = no
			if len(number) != 28 {
				t.Errorf("number %s has %d digits", number, len(number))
			}
		}
	}
}

func TestCancelAtEachStage(t *testing.T) {
	b := newBox(t)
	ctx := t.Context()
	for _, stage := range []string{"CREATED", "USER_CONFIRM", "USER_PAYING"} {
		b.orderAt(partner, stage, stage)
		b.ok(b.client.CancelPartnerServiceOrder(ctx, stage, cancellation("用户投诉")))
		order := b.query(stage)
		if stageOf(t, order) != "REVOKED" || order.Collection != nil || order.NeedCollection != nil {
			t.Errorf("cancelled at %s: %s", stage, asJSON(order))
		}
		b.ok(b.client.CancelPartnerServiceOrder(ctx, stage, cancellation("用户投诉"))) // a repeat
		checkRefused(t, b.client.CancelPartnerServiceOrder(ctx, stage, cancellation("商家原因")), refusal{400, "ORDER_CANCELED", 271302333, ""})
	}
	b.orderAt(partner, "DONE", "DONE")
	checkRefused(t, b.client.CancelPartnerServiceOrder(ctx, "DONE", cancellation("用户投诉")), refusal{400, "INVALID_ORDER_STATE", 271316592, ""})
}

func TestRepeatedCreate(t *testing.T) {
	b := newBox(t)
	body := needConfirm(orderNo)
	body.PostPayments = []payscore.Payment{{Name: new("就餐费用"), Amount: new(int64(40000))}}
	first := asJSON(b.create(body))
	if again := asJSON(b.create(body)); again != first {
		t.Errorf("answered\n%s, then\n%s", first, again)
	}
	b.ok(b.Move("confirm", sandbox.MoveArgs{SubMchID: subMchID, OutOrderNo: orderNo}))
	if again := asJSON(b.create(body)); again != first {
		t.Errorf("after the confirmation:\n%s", again)
	}
	for name, change := range map[string]func(*payscore.CreatePartnerServiceOrderRequest){
		"introduction": func(r *payscore.CreatePartnerServiceOrderRequest) { r.ServiceIntroduction = "XX雨伞" },
		"amount":       func(r *payscore.CreatePartnerServiceOrderRequest) { r.PostPayments[0].Amount = new(int64(1)) },
		"device":       func(r *payscore.CreatePartnerServiceOrderRequest) { r.Device = &payscore.Device{} },
		"attach":       func(r *payscore.CreatePartnerServiceOrderRequest) { r.Attach = new("x") },
	} {
		other := body
		other.PostPayments = []payscore.Payment{body.PostPayments[0]}
		change(&other)
		_, err := b.client.CreatePartnerServiceOrder(t.Context(), other)
		t.Log(name, err)
		checkRefused(t, err, refusal{400, "INVALID_REQUEST", 271316598, ""})
	}
}

// The key of an order is its number within a sub-merchant.
func TestOrdersOfOtherSubMerchants(t *testing.T) {
	b := newBox(t)
	other := noConfirm(orderNo)
	other.SubMchID = "1900000110"
	b.create(needConfirm(orderNo))
	b.create(other)
	ours, _ := entity(b, subMchID, orderNo)
	theirs, _ := entity(b, "1900000110", orderNo)
	if stageOf(t, ours) != "CREATED" || stageOf(t, theirs) != "USER_CONFIRM" || *ours.OrderID == *theirs.OrderID {
		t.Errorf("%s\n%s", asJSON(ours), asJSON(theirs))
	}
	if _, ok := entity(b, "1900000111", orderNo); ok {
		t.Error("a third sub-merchant has the order")
	}
}

func TestUnknownOrder(t *testing.T) {
	b := newBox(t)
	b.create(needConfirm("another"))
	ctx := t.Context()
	_, queried := b.client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, OutOrderNo: new(orderNo)})
	_, byID := b.client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{SubMchID: subMchID, QueryID: new("15646546545165651651")})
	_, ofAnother := b.client.QueryPartnerServiceOrder(ctx, payscore.QueryPartnerServiceOrderParams{SubMchID: "1900000110", OutOrderNo: new("another")})
	for operation, err := range map[string]error{
		"query":                         queried,
		"query by query_id":             byID,
		"query by another sub-merchant": ofAnother,
		"cancel":                        b.client.CancelPartnerServiceOrder(ctx, orderNo, cancellation("用户投诉")),
		"complete":                      b.client.CompletePartnerServiceOrder(ctx, orderNo, completion(1)),
		"modify":                        b.modify(orderNo, 1),
		"pay":                           b.client.PayPartnerServiceOrder(ctx, orderNo, payment()),
		"sync":                          b.client.SyncPartnerServiceOrder(ctx, orderNo, paidElsewhere("20091225")),
	} {
		t.Log(operation, err)
		checkRefused(t, err, notExist)
	}
}

func TestQueryTakesOneNumberAndTheRightService(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	for query, want := range map[string]refusal{
		"sub_mchid=" + subMchID:                                                              wrongParam("out_order_no"),
		"sub_mchid=" + subMchID + "&query_id=":                                               wrongParam("out_order_no"),
		"out_order_no=" + orderNo:                                                            wrongParam("sub_mchid"),
		"sub_mchid=&out_order_no=" + orderNo:                                                 wrongParam("sub_mchid"),
		"sub_mchid=" + subMchID + "&out_order_no=" + orderNo + "&service_id=1":               wrongParam("service_id"),
		"sub_mchid=" + subMchID + "&out_order_no=" + orderNo + "&out_order_no=b":             wrongParam("out_order_no"),
		"sub_mchid=" + subMchID + "&out_order_no=" + strings.Repeat("1", 33):                 wrongParam("out_order_no"),
		"sub_mchid=" + subMchID + "&out_order_no=a%2Fb":                                      wrongParam("out_order_no"),
		"sub_mchid=" + subMchID + "&out_order_no=" + orderNo + "&service_id=" + serviceID:    {},
		"out_order_no=" + orderNo + "&x=%E5%B0%B1&sub_mchid=" + subMchID + "&unknown_as_yet": {},
		"sub_mchid=" + subMchID + "&out_order_no=" + orderNo + "&query_id=":                  {}, // as a sample has it
	} {
		got := b.send("GET", orders+"?"+query, "")
		if want.status == 0 {
			if got.Status != 200 {
				t.Errorf("%s: %v", query, &got.Error)
			}
			continue
		}
		got.checkRefused(t, want)
		if p := placeOf(got.Detail); p.Location != "query" {
			t.Errorf("%s: wrong in %q", query, p.Location)
		}
	}
	b.send("GET", orders+"?sub_mchid="+subMchID+"&out_order_no="+orderNo+"&query_id=1", "").checkRefused(t, notExist)
}

func TestServiceOfTheOrder(t *testing.T) {
	b := newBox(t)
	b.seed(orderNo, 50000)
	body := modification(1)
	body.ServiceID = new("500001")
	checkRefused(t, b.client.ModifyPartnerServiceOrder(t.Context(), orderNo, body), wrongParam("/service_id"))
	if b.total(orderNo) != 50000 {
		t.Error("refused, but modified")
	}
}

func TestCreateRules(t *testing.T) {
	b := newBox(t)
	type request = payscore.CreatePartnerServiceOrderRequest
	for name, c := range map[string]struct {
		of     func(string) request
		change func(*request)
		want   refusal
	}{
		"sub_openid without sub_appid":  {noConfirm, func(r *request) { r.OpenID, r.SubOpenID = nil, new("o") }, wrongParam("/sub_appid")},
		"sub_openid":                    {noConfirm, func(r *request) { r.OpenID, r.SubOpenID, r.SubAppID = nil, new("o"), new("wx") }, refusal{}},
		"both users":                    {noConfirm, func(r *request) { r.SubOpenID, r.SubAppID = new("o"), new("wx") }, wrongParam("/openid")},
		"no user":                       {noConfirm, func(r *request) { r.OpenID = nil }, wrongParam("/openid")},
		"user of an order to confirm":   {needConfirm, func(r *request) { r.OpenID = new("o") }, wrongParam("/openid")},
		"confirmation asked for":        {needConfirm, func(r *request) { r.NeedUserConfirm = new(true) }, refusal{}},
		"no start":                      {needConfirm, func(r *request) { r.TimeRange.StartTime = nil }, wrongParam("/time_range/start_time")},
		"start on no date":              {needConfirm, func(r *request) { r.TimeRange.StartTime = new("20250230") }, wrongParam("/time_range/start_time")},
		"end on no date":                {needConfirm, func(r *request) { r.TimeRange.EndTime = new("20250230") }, wrongParam("/time_range/end_time")},
		"end of day":                    {needConfirm, func(r *request) { r.TimeRange = times("20250601", "20250601") }, refusal{}},
		"end before start":              {needConfirm, func(r *request) { r.TimeRange = times("20250602", "20250601") }, refusal{400, "PARAM_ERROR", 271316637, ""}},
		"end at start":                  {needConfirm, func(r *request) { r.TimeRange = times("20250601000000", "20250601000000") }, refusal{400, "PARAM_ERROR", 271316637, ""}},
		"end location without start":    {needConfirm, func(r *request) { r.Location = &payscore.Location{EndLocation: new("B")} }, wrongParam("/location/start_location")},
		"risk fund over the cap":        {needConfirm, func(r *request) { r.RiskFund.Amount = 1_000_001 }, overCap},
		"risk fund at the cap":          {needConfirm, func(r *request) { r.RiskFund.Amount = 1_000_000 }, refusal{}},
		"payments over the cap":         {needConfirm, func(r *request) { r.PostPayments = lines(600_000, 400_001) }, overCap},
		"payments that wrap":            {needConfirm, func(r *request) { r.PostPayments = lines(1<<63-1, 1<<63-1, 2) }, overCap},
		"payments at the cap":           {needConfirm, func(r *request) { r.PostPayments = lines(600_000, 400_000) }, refusal{}},
		"payments of one name":          {needConfirm, func(r *request) { r.PostPayments = []payscore.Payment{{Name: new("a")}, {Name: new("a")}} }, wrongParam("/post_payments/1/name")},
		"payments over, with discounts": {needConfirm, func(r *request) { r.PostPayments, r.PostDiscounts = lines(1_000_001), coupons(1) }, refusal{}},
	} {
		t.Run(name, func(t *testing.T) {
			no := strings.ReplaceAll(name, " ", "_")
			body := c.of(strings.ReplaceAll(no, ",", ""))
			c.change(&body)
			_, err := b.client.CreatePartnerServiceOrder(t.Context(), body)
			if c.want.status == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			checkRefused(t, err, c.want)
			if _, ok := entity(b, subMchID, body.OutOrderNo); ok {
				t.Error("refused, but the order is there")
			}
		})
	}
}

func TestCompletionTimes(t *testing.T) {
	b := newBoxAt(t, func() time.Time { return noon })
	for i, c := range []struct {
		planned payscore.TimeRange
		actual  *payscore.TimeRange
		want    refusal
	}{
		{times("OnAccept", ""), nil, wrongParam("/time_range/end_time")},
		{times("20250601", "20250602"), nil, refusal{}},
		{times("20250601", ""), ref(times("", "20250601")), refusal{}},
		{times("20250601", ""), ref(times("20250610", "20250605")), refusal{400, "PARAM_ERROR", 271316637, ""}},
		{times("20250601", ""), ref(times("", "20250531")), refusal{400, "PARAM_ERROR", 271316637, ""}},
		{times("20250601", ""), ref(times("", "20250631")), wrongParam("/time_range/end_time")},
		{times("OnAccept", ""), ref(times("", "20250615120001")), wrongParam("/time_range/end_time")},
		{times("OnAccept", ""), ref(times("", "20250615120000")), refusal{}},
		{times("20250601", ""), ref(times("", "20250615")), refusal{}},
	} {
		no := fmt.Sprint("times", i)
		body := noConfirm(no)
		body.TimeRange = c.planned
		b.create(body)
		complete := completion(100)
		complete.TimeRange = c.actual
		err := b.client.CompletePartnerServiceOrder(t.Context(), no, complete)
		if c.want.status == 0 {
			if err != nil {
				t.Errorf("%s and %s: %v", asJSON(c.planned), asJSON(c.actual), err)
			}
			continue
		}
		checkRefused(t, err, c.want)
		if stageOf(t, b.query(no)) != "USER_CONFIRM" {
			t.Errorf("%s and %s: refused, but completed", asJSON(c.planned), asJSON(c.actual))
		}
	}
}

func times(start, end string) (r payscore.TimeRange) {
	if start != "" {
		r.StartTime = &start
	}
	if end != "" {
		r.EndTime = &end
	}
	return r
}

func ref[T any](v T) *T { return &v }

func TestSeed(t *testing.T) {
	b := newBox(t)
	order, err := b.Seed(orderNo, 50000)
	b.ok(err)
	if asJSON(order) != asJSON(b.query(orderNo)) || stageOf(t, order) != "USER_PAYING" || *order.TotalAmount != 50000 {
		t.Errorf("seeded %s", asJSON(order))
	}
	*order.TotalAmount = 1
	order.PostPayments[0].Name = new("changed")
	if b.total(orderNo) != 50000 || *b.query(orderNo).PostPayments[0].Name == "changed" {
		t.Error("what Seed returned shares memory with the sandbox")
	}
	for name, c := range map[string]struct {
		no    string
		total int64
	}{
		"taken": {orderNo, 1}, "empty": {"", 1}, "too long": {strings.Repeat("1", 33), 1}, "malformed": {"a/b", 1},
		"zero": {"a", 0}, "negative": {"a", -1}, "above the cap": {"a", 1_000_001},
	} {
		if _, err := b.Seed(c.no, c.total); err == nil {
			t.Errorf("%s: seeded", name)
		}
	}
	b.seed("cap", 1_000_000)
}
