package main

import (
	"fmt"
	"regexp/syntax"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
)

// charactersOf makes ranges of the class in the pattern of x-wechatpay-text, of
// which specgen lint says that it is ^[...]*$ below U+10000. None stands for any.
func charactersOf(doc *openapi3.T) (ranges []unicode.Range16, err error) {
	rule, _ := doc.Extensions["x-wechatpay-text"].(map[string]any)
	pattern, _ := rule["pattern"].(string)
	if pattern == "" {
		return nil, nil
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	if tree.Op != syntax.OpConcat || len(tree.Sub) != 3 || tree.Sub[1].Op != syntax.OpStar || tree.Sub[1].Sub[0].Op != syntax.OpCharClass {
		return nil, fmt.Errorf("x-wechatpay-text: the pattern %q is not one class of characters", pattern)
	}
	class := tree.Sub[1].Sub[0].Rune
	for i := 0; i < len(class); i += 2 {
		if class[i+1] > 0xFFFF {
			return nil, fmt.Errorf("x-wechatpay-text: the pattern %q has characters from U+10000", pattern)
		}
		ranges = append(ranges, unicode.Range16{Lo: uint16(class[i]), Hi: uint16(class[i+1]), Stride: 1})
	}
	return ranges, nil
}
