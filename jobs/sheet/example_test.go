package sheet_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/wxpayscore/payscore/jobs/sheet"
)

func ExampleRead() {
	table := strings.NewReader("子商户号,商户订单号,修改后金额(元),原因\n" +
		"1900000109,1234323JKHDFE1243252,399.00,用户投诉\n" +
		"1900000109,1.23E+17,\"1,234.50\",用户投诉\n")

	corrections, err := sheet.Read(table, sheet.Options{LineName: "就餐费用"})
	var problems *sheet.Problems
	switch {
	case errors.As(err, &problems):
		for _, p := range problems.List {
			fmt.Println(p)
		}
	case err != nil:
		fmt.Println(err)
		return
	}
	for _, row := range corrections.Rows {
		fmt.Println(row.OutOrderNo, row.TotalAmount, "fen")
	}
	// Output:
	// line 3, column 2 (out_order_no): Excel has turned the number into "1.23E+17", and its digits are lost: format the column as text and enter the number again
	// line 3, column 3 (total_yuan): "1,234.50" has a comma: write 1234.50
	// 1234323JKHDFE1243252 39900 fen
}
