// Package sheet reads a table of corrections, as a spreadsheet saves it, and checks
// each row by the limits of the contract before anything is sent.
//
//	sheet, err := sheet.Read(file, sheet.Options{LineName: "服务费"})
//	var problems *sheet.Problems
//	if errors.As(err, &problems) {
//		for _, p := range problems.List {
//			fmt.Println(p) // line 3, column 2 (total_yuan): "1,234.50" has a comma: write 1234.50
//		}
//	}
//
// The first row names the columns, in any order:
//
//	sub_mchid          the sub-merchant, in a table of a service provider
//	service_id, appid  required in a table of a direct merchant; service_id is optional for a service provider
//	out_order_no       required
//	total_amount       what the order is to come to, in fen; or
//	total_yuan         the same in yuan
//	reason             required
//	post_payments      the lines of the bill as JSON, or Options.LineName
//	post_discounts     the discounts as JSON
//	total_before       what the order comes to now, in fen; or
//	total_before_yuan  the same in yuan
//
// Chinese names such as 商户订单号 and 修改后金额(元) are known too. Other columns are
// ignored, and named in Sheet.Ignored.
//
// A file is comma, tab or semicolon separated, in UTF-8, GBK (GB18030) or UTF-16.
package sheet

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/wxpayscore/payscore/gen/payscore"
)

// Options hold what is the same for all rows. A column takes the place of a setting.
type Options struct {
	SubMchID  string // of all orders, in a table of a service provider without the column
	ServiceID string // of all orders, in a table without the column
	AppID     string // of all orders, in a direct merchant's table without the column

	// LineName is the name of the one payment of a row that has no post_payments.
	// The payment has the total of the row.
	LineName string

	// Encoding is one of the Encoding constants. "" detects it.
	Encoding string
}

// validate checks the settings by the contract. What is not set is valid.
func (o Options) validate() error {
	line := payscore.Payment{}
	if o.LineName != "" {
		line.Name = &o.LineName
	}
	partner := payscore.ModifyPartnerServiceOrderRequest{SubMchID: cmp.Or(o.SubMchID, "1"), PostPayments: []payscore.Payment{line}, Reason: "-"}
	if err := partner.Validate(); err != nil {
		return err
	}
	direct := payscore.ModifyServiceOrderRequest{ServiceID: cmp.Or(o.ServiceID, "1"), AppID: cmp.Or(o.AppID, "1"), PostPayments: []payscore.Payment{line}, Reason: "-"}
	return direct.Validate()
}

// Row is a correction without problems.
type Row struct {
	Line        int             // where the row begins, counted from 1 as an editor does
	SubMchID    string          // "" for an order of a direct merchant
	OutOrderNo  string          //
	TotalAmount int64           // what the order is to come to, in fen
	TotalBefore *int64          // what it comes to now, by the table, in fen; nil if the table does not say
	Body        json.RawMessage // a payscore.ModifyPartnerServiceOrderRequest, or ModifyServiceOrderRequest without SubMchID
}

// Sheet is a table of corrections. The receiver owns it.
type Sheet struct {
	Rows        []Row    // those without problems, in the order of the file
	TotalAmount int64    // sum of the rows, in fen
	Encoding    string   // one of the Encoding constants
	Ignored     []string // names of the columns that have no meaning here
	Warnings    Problems // what a person should look at before the rows are sent
}

// maxFile bounds what Read keeps in memory.
const maxFile = 1 << 30

// Read reads and checks a table. If something is wrong with it the error is a
// [*Problems], and the Sheet has the rows without problems. With any other error the
// Sheet is nil.
func Read(r io.Reader, opts Options) (*Sheet, error) {
	if r == nil {
		return nil, errors.New("sheet: the reader is nil")
	}
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("sheet: options: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("sheet: read the table: %w", err)
	case len(raw) > maxFile:
		return nil, fmt.Errorf("sheet: the table has more than %d bytes", maxFile)
	}
	text, encoding, sure, err := decode(raw, opts.Encoding)
	if err != nil {
		return nil, fmt.Errorf("sheet: %w", err)
	}
	rd := newReader(text, opts)
	rd.sheet.Encoding = encoding
	if !sure {
		rd.sheet.Warnings.add(Problem{Message: "the table may be in another encoding than " + encoding + ": look at the reasons, and set the encoding"})
	}
	rd.read()
	if rd.problems.Count > 0 {
		return &rd.sheet, &rd.problems
	}
	return &rd.sheet, nil
}

// add takes a row into the sheet, unless the sum would not fit into 64 bits.
func (s *Sheet) add(r Row) bool {
	if r.TotalAmount > math.MaxInt64-s.TotalAmount {
		return false
	}
	s.TotalAmount += r.TotalAmount
	s.Rows = append(s.Rows, r)
	return true
}
