// Package parameter writes array parameters in the styles of OpenAPI that the
// generated client supports. The items are texts, integers or booleans and do
// not hold the separator, which package limit checks before.
package parameter

import (
	"fmt"
	"net/url"
	"strings"
)

// Path returns the segment of a path in the style simple: a,b.
func Path[T any](items []T) string { return join(items, ",", url.PathEscape) }

// Header returns the value of a header in the style simple: a,b.
func Header[T any](items []T) string {
	return join(items, ",", func(item string) string { return item })
}

// separators stand between escaped items, so they are escaped themselves where
// a URL does not allow them.
var separators = map[string]string{"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}

// Query adds an array to a query string, all items in one parameter: that is
// form, spaceDelimited or pipeDelimited without explode. It adds nothing when
// there is no item.
func Query[T any](query, name, style string, items []T) string {
	if len(items) == 0 {
		return query
	}
	if query != "" {
		query += "&"
	}
	return query + url.QueryEscape(name) + "=" + join(items, separators[style], url.QueryEscape)
}

func join[T any](items []T, separator string, escape func(string) string) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = escape(fmt.Sprint(item))
	}
	return strings.Join(texts, separator)
}
