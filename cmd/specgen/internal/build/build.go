// Package build derives from the contract what others read: the same document
// as JSON, a copy in OpenAPI 3.1 with webhooks, and the reference page.
package build

import (
	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
	"github.com/wxpayscore/payscore/cmd/specgen/internal/output"
)

// Files gives the files of api/dist. They depend on the contract alone.
func Files(d *contract.Document) ([]output.File, error) {
	three0, err := toJSON(d, d.Root)
	if err != nil {
		return nil, err
	}
	copied, err := toThree1(d)
	if err != nil {
		return nil, err
	}
	three1, err := toJSON(copied, copied.Root)
	if err != nil {
		return nil, err
	}
	reference, err := page(d)
	if err != nil {
		return nil, err
	}
	return []output.File{
		{Name: "api/dist/openapi.json", Data: three0},
		{Name: "api/dist/openapi-3.1.json", Data: three1},
		{Name: "api/dist/reference.html", Data: reference},
	}, nil
}
