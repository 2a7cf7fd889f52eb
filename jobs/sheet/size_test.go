package sheet_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/wxpayscore/payscore/jobs/sheet"
)

const manyRows = 200_000

// manyOrders is a table of many rows, with all columns.
func manyOrders() string {
	var b strings.Builder
	b.WriteString("sub_mchid,service_id,out_order_no,total_yuan,total_before_yuan,reason,post_payments\n")
	for i := range manyRows {
		fmt.Fprintf(&b, "19000001%02d,2002000000000558128851361561536,2026113008000000000%08d,%d.%02d,500.00,定价错误，退还多收的费用,", i%50, i, 100+i%300, i%100)
		fmt.Fprintf(&b, `"[{""name"":""充电服务费"",""amount"":%d,""description"":""按实际时长""}]"`+"\n", (100+i%300)*100+i%100)
	}
	return b.String()
}

func TestManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 200,000 rows")
	}
	text := manyOrders()
	s, problems := read(t, text, sheet.Options{})
	if problems != nil || len(s.Rows) != manyRows || s.Warnings.Count != 0 {
		t.Fatalf("%v, %d rows, %v", problems, len(s.Rows), &s.Warnings)
	}
	var sum int64
	for i := range int64(manyRows) {
		sum += (100+i%300)*100 + i%100
	}
	if s.TotalAmount != sum {
		t.Errorf("%d fen, want %d", s.TotalAmount, sum)
	}
}

func BenchmarkRead(b *testing.B) {
	text := manyOrders()
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		b.Fatal(err)
	}
	var short strings.Builder
	short.WriteString(partnerHeader)
	for i := range manyRows {
		fmt.Fprintf(&short, "19000001%02d,A%08d,%d.5,用户投诉\n", i%50, i, i%500)
	}
	for _, c := range []struct{ name, text string }{{"UTF-8", text}, {"GBK", gbk}, {"one line name", short.String()}, {"all wrong", strings.ReplaceAll(short.String(), ".5,", ",5,")}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				s, err := sheet.Read(strings.NewReader(c.text), named)
				if (err != nil) != (c.name == "all wrong") {
					b.Fatal(err)
				}
				runtime.KeepAlive(s)
			}
		})
	}
}
