package lint

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func good(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestGoodDocumentIsClean(t *testing.T) {
	findings, err := Check("good.yaml", []byte(good(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}

// A twin is the good document with one edit. The lines where a finding is
// wanted end in "# WANT rule rule"; there must be no other findings.
type twin struct {
	name     string
	old, new string
}

func (tw twin) text(t *testing.T) string {
	t.Helper()
	doc := good(t)
	if strings.Count(doc, tw.old) != 1 {
		t.Fatalf("%q stands %d times in the good document, want once", tw.old, strings.Count(doc, tw.old))
	}
	return strings.Replace(doc, tw.old, tw.new, 1)
}

func wanted(doc string) []string {
	var want []string
	for i, line := range strings.Split(doc, "\n") {
		if _, rules, ok := strings.Cut(line, "# WANT "); ok {
			for _, r := range strings.Fields(rules) {
				want = append(want, fmt.Sprintf("%d %s", i+1, r))
			}
		}
	}
	return want
}

var twins = []twin{
	// duplicate-key
	{"key twice", "summary: 取消订单\n", "summary: 取消订单\n      summary: 撤销订单 # WANT duplicate-key\n"},
	{"key twice, as number and text", "'204': {description: Cancelled.}", "204: {description: Cancelled.}\n        '204': {description: Twice.} # WANT duplicate-key generated-operation"},

	// no-go-extension
	{"Go name", "title: 状态\n", "title: 状态\n      x-go-name: OrderState # WANT no-go-extension\n"},
	{"generator's tag", "tags:\n  - name: order\n", "x-oapi-codegen-extra-tags: {} # WANT no-go-extension\ntags:\n  - name: order\n"},
	{"other extension", "title: 状态\n", "title: 状态\n      x-google: State\n"},

	// openapi-version
	{"3.1", "openapi: 3.0.3", "openapi: 3.1.0 # WANT openapi-version"},
	{"no version", "openapi: 3.0.3\ninfo", "info"},

	// openapi
	{"no version of the contract", "info: {title: Parking, version: 1.0.0, description: 停车 parking.}", "info: {title: Parking} # WANT openapi"},
	{"unknown type", "items: {type: string, maxLength: 9}}", "items: {type: strin}} # WANT openapi generated-schema"},
	{"field of a wrong type", "tags: [order]\n      summary: 取消订单", "tags: order # WANT openapi\n      summary: 取消订单"},
	{"no info", "openapi: 3.0.3\ninfo: {title: Parking, version: 1.0.0, description: 停车 parking.}\n", "openapi: 3.0.3 # WANT openapi\n"},
	{"no name of a tag", "  - name: order\n    description: Orders of a merchant.\n", "  - {name: order, description: Orders.}\n  - {name: order, description: Orders.} # WANT openapi\n"},
	{"number for a flag", "          in: query\n", "          in: query\n          required: 1 # WANT openapi\n"},
	{"list for a text", "          in: query\n", "          in: query\n          style: [] # WANT openapi generated-parameter\n"},
	{"mapping for a text", "          in: query\n", "          in: query\n          style: {} # WANT openapi generated-parameter\n"},
	{"dangling references", "'401': {$ref: '#/components/responses/Refused'}\n        '403': {$ref: '#/components/responses/Refused'}\n        '404': {$ref: '#/components/responses/Refused'}\n        '429': {$ref: '#/components/responses/Refused'}\n        '500': {$ref: '#/components/responses/Refused'}\n      callbacks",
		"'401': {$ref: '#/components/responses/Refuse'} # WANT openapi\n        '403': {$ref: 'other.yaml#/Refused'} # WANT openapi\n        '404': {$ref: '#/components/responses/Refused'}\n        '429': {$ref: '#/components/responses/Refused'}\n        '500': {$ref: '#/components/responses/Refused'}\n      callbacks"},
	{"default outside the limits", "minimum: 1}\n", "minimum: 1, default: 0} # WANT openapi\n"},
	{"path parameter not stated", "  /orders/{id}/cancel:\n", "  /orders/{id}/{what}: # WANT openapi\n"},

	// schema-cycle
	{"schema of itself", "    State:\n      title: 状态\n      description: Where the order stands.\n      type: string\n      enum: [CREATED, DOING, DONE]\n", "    State: # WANT schema-cycle\n      title: 状态\n      description: Where the order stands.\n      allOf: [{$ref: '#/components/schemas/State'}] # WANT generated-schema generated-schema\n"},
	{"schemas of each other", "    State:\n", "    Some: # WANT schema-cycle unused-component generated-schema\n      {title: 一, description: Some., anyOf: [{$ref: '#/components/schemas/More'}]}\n    More: # WANT unused-component generated-schema\n      {title: 一, description: More., not: {$ref: '#/components/schemas/Some'}}\n    State:\n"},
	{"tree without type", "    Item:\n      title: 项目\n      description: One line of the bill.\n      type: object\n      required: [name]\n      properties:\n", "    Item: # WANT schema-cycle generated-schema\n      title: 项目\n      description: One line of the bill.\n      required: [name]\n      properties:\n        sub: {$ref: '#/components/schemas/Item'}\n"},
	{"tree", "        price: {", "        sub: {$ref: '#/components/schemas/Item'}\n        price: {"},

	// unknown-key
	{"misspelt keyword", "type: string\n      maxLength: 32\n", "type: string\n      maxLenght: 32 # WANT unknown-key\n      maxLength: 32\n"},
	{"misspelt field of an operation", "      tags: [order]\n      summary: 取消订单", "      tag: [order] # WANT unknown-key\n      summary: 取消订单"},
	{"misspelt field of a parameter", "          in: query\n", "          in: query\n          requird: true # WANT unknown-key\n"},
	{"keyword of 3.1", "title: 状态\n", "title: 状态\n      const: CREATED # WANT unknown-key\n"},
	{"merge key", "    State:\n", "    State:\n      <<: {deprecated: true} # WANT unknown-key\n"},
	{"unknown key in an example's value", "{id: A1, total_amount: 100,", "{$id: A1, type: object, id: A1, total_amount: 100,"},

	// ref-siblings
	{"text beside a reference", "- $ref: '#/components/schemas/OrderRequest'\n", "- $ref: '#/components/schemas/OrderRequest'\n          description: The request. # WANT ref-siblings\n"},

	// unused-component
	{"unused schema", "    Item:\n", "    Lost: # WANT unused-component\n      {title: 无, description: Unused., type: boolean}\n    Item:\n"},
	{"two that only use each other", "    Item:\n", "    Lost: # WANT unused-component\n      {title: 无, description: Unused., type: object, properties: {a: {$ref: '#/components/schemas/Found'}}}\n    Found: # WANT unused-component\n      {title: 无, description: Unused., type: object, properties: {a: {$ref: '#/components/schemas/Lost'}}}\n    Item:\n"},
	{"schema that a discriminator names", "    State:\n", "    Lost: {title: 无, description: A kind., type: boolean}\n    Found: {title: 有, description: A kind., type: boolean}\n    State:\n      discriminator: {propertyName: kind, mapping: {lost: Lost, found: '#/components/schemas/Found'}} # WANT generated-schema\n"},
	{"unused security scheme", "  securitySchemes:\n", "  securitySchemes:\n    other: {type: apiKey, in: header, name: X} # WANT unused-component\n"},
	{"unused header", "    RequestId:\n", "    Other: # WANT unused-component\n      {description: Unused., schema: {title: 无, type: boolean}}\n    RequestId:\n"},

	// title-missing
	{"component without title", "    State:\n      title: 状态\n", "    State: # WANT title-missing\n"},
	{"property without title", "name: {title: 名称, ", "name: { # WANT title-missing\n          "},
	{"parameter without title", "schema: {title: 数量, ", "schema: { # WANT title-missing\n            "},
	{"header without title", "schema: {title: 请求ID, ", "schema: { # WANT title-missing\n        "},
	{"operation without summary", "    post:\n      operationId: cancelOrder\n      tags: [order]\n      summary: 取消订单\n", "    post: # WANT title-missing\n      operationId: cancelOrder\n      tags: [order]\n"},

	// title-language
	{"English title", "title: 状态\n", "title: State # WANT title-language\n"},
	{"English summary", "summary: 取消订单\n", "summary: Cancel # WANT title-language\n"},
	{"English example summary", "summary: One item.\n", "summary: 一项\n"},

	// description-missing
	{"component without description", "    State:\n      title: 状态\n      description: Where the order stands.\n", "    State: # WANT description-missing\n      title: 状态\n"},
	{"property with a blank description", "description: What is paid for.", "description: ' '" /* same line */},
	{"parameter without description", "    Id:\n      name: id\n      in: path\n      required: true\n      description: The order.\n", "    Id: # WANT description-missing\n      name: id\n      in: path\n      required: true\n"},
	{"header without description", "    RequestId:\n      description: The id of the request.\n", "    RequestId: # WANT description-missing\n"},
	{"operation without description", "    post:\n      operationId: createOrder\n      tags: [order]\n      summary: 创建订单\n      description: Opens an order.\n", "    post: # WANT description-missing\n      operationId: createOrder\n      tags: [order]\n      summary: 创建订单\n"},
	{"tag without description", "  - name: order\n    description: Orders of a merchant.\n", "  - name: order # WANT description-missing\n"},
	{"response without description", "    Refused:\n      description: Refused.\n", "    Refused: # WANT description-missing\n"},

	// description-language
	{"Chinese description", "description: Where the order stands.", "description: 订单状态 # WANT description-language"},
	{"mixed description", "description: Where the order stands.", "description: Where the 订单 stands. # WANT description-language"},
	{"Chinese between apostrophes", "description: Where the order stands.", "description: The merchant's 订单 isn't English. # WANT description-language"},
	{"no letters", "description: Refused.", "description: '400' # WANT description-language"},
	{"Chinese in quotes", "description: Where the order stands.", "description: One of `已完成`, \"已完成\", ‘已完成’, '已完成', “已完成”（已完成） (已完成)."},

	// inline-object
	{"inline object as items", "items: {$ref: '#/components/schemas/Item'}", "items: # WANT inline-object generated-schema\n            {allOf: [{$ref: '#/components/schemas/Item'}], type: object}"},
	{"inline object as property", "state: {$ref: '#/components/schemas/State'}", "state: {$ref: '#/components/schemas/State'}\n            more: {title: 更多, description: More., properties: {}} # WANT inline-object generated-schema"},
	{"inline object as body", "              schema: {$ref: '#/components/schemas/Order'}\n              example: {id: A1, total_amount: 100, items: [], state: DOING}", "              schema: # WANT inline-object\n                type: object\n                allOf: [{$ref: '#/components/schemas/Order'}]\n              example: {id: A1, total_amount: 100, items: [], state: DOING}"},
	{"second inline object of allOf", "            state: {$ref: '#/components/schemas/State'}\n", "            state: {$ref: '#/components/schemas/State'}\n        - type: object # WANT inline-object\n          properties: {other: {title: 乙, description: Other., type: boolean}}\n"},
	{"allOf in a property", "paid_at: {title: 支付时间, description: When it was paid., type: string, format: date-time}", "first: {title: 项目, description: The first., allOf: [{$ref: '#/components/schemas/Item'}]}"},
	{"allOf with an object in a property", "paid_at: {title: 支付时间, description: When it was paid., type: string, format: date-time}", "first: {title: 项目, description: The first., allOf: [{$ref: '#/components/schemas/Item'}, {type: object}]} # WANT inline-object generated-schema"},

	// string-max-length
	{"component without maxLength", "    OrderId:\n      title: 订单号\n      description: Digits and letters.\n      type: string\n      maxLength: 32\n", "    OrderId: # WANT string-max-length\n      title: 订单号\n      description: Digits and letters.\n      type: string\n"},
	{"items without maxLength", "items: {type: string, maxLength: 9}}", "items: {type: string}} # WANT string-max-length"},
	{"header without maxLength", "schema: {title: 请求ID, type: string, maxLength: 64}", "schema: {title: 请求ID, type: string} # WANT string-max-length"},
	{"binary without maxLength", "type: string, format: date-time}", "type: string, format: binary} # WANT generated-schema"},
	{"uri without maxLength", "type: string, format: date-time}", "type: string, format: uri} # WANT string-max-length generated-schema"},

	// integer-format
	{"integer without format", "type: integer, format: int64, minimum: 1}", "type: integer, minimum: 1} # WANT integer-format"},
	{"integer of an odd format", "type: integer, format: int64, minimum: 1}", "type: integer, format: uint64, minimum: 1} # WANT generated-schema"},
	{"integer without minimum", "type: integer, format: int64, minimum: 1}", "type: integer, format: int64} # WANT integer-format"},

	// unprinted
	{"text of unknown length", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20}", "name: {title: 名称, description: What is paid for., type: string, x-wechatpay-unprinted: [maxLength]}"},
	{"integer of unknown range", "type: integer, format: int64, minimum: 1}", "type: integer, format: int64, x-wechatpay-unprinted: [minimum, maximum]}"},
	{"array of unknown length", "maxItems: 9, items: {type: string, maxLength: 9}}", "x-wechatpay-unprinted: [maxItems], items: {type: string, maxLength: 9}}"},
	{"texts of unknown length in a list", "items: {type: string, minLength: 1, maxLength: 8}}", "items: {type: string, x-wechatpay-unprinted: [minLength, maxLength]}}"},
	{"required array of unknown length", "          type: array\n          minItems: 0\n", "          type: array\n          x-wechatpay-unprinted: [minItems]\n"},
	{"another limit is unknown", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20}", "name: {title: 名称, description: What is paid for., type: string, x-wechatpay-unprinted: [minLength]} # WANT string-max-length"},
	{"unknown limit that is stated", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20}", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20, x-wechatpay-unprinted: [maxLength]} # WANT unprinted"},
	{"unknown word", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20}", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20, x-wechatpay-unprinted: [maxLenght]} # WANT unprinted"},
	{"limit of another type", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20}", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20, x-wechatpay-unprinted: [maximum]} # WANT unprinted"},
	{"limit twice", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20}", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20, x-wechatpay-unprinted: [pattern, pattern]} # WANT unprinted"},
	{"no limits", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20}", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20, x-wechatpay-unprinted: []} # WANT unprinted"},
	{"text for a list", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20}", "name: {title: 名称, description: What is paid for., type: string, maxLength: 20, x-wechatpay-unprinted: pattern} # WANT unprinted"},
	{"limit of a boolean", "paid_at: {title: 支付时间, description: When it was paid., type: string, format: date-time}", "paid: {title: 已支付, description: Whether it is paid., type: boolean, x-wechatpay-unprinted: [maximum]} # WANT unprinted"},
	{"limit of an enum", "      enum: [CREATED, DOING, DONE]\n", "      enum: [CREATED, DOING, DONE]\n      x-wechatpay-unprinted: [maxLength] # WANT unprinted\n"},
	{"limit of a parameter", "          in: query\n", "          in: query\n          x-wechatpay-unprinted: [maximum] # WANT unprinted\n"},
	{"limit beside a reference", "state: {$ref: '#/components/schemas/State'}", "state: {$ref: '#/components/schemas/State', x-wechatpay-unprinted: [maxLength]} # WANT ref-siblings unprinted\n           "},

	// amount-unit
	{"amount without unit", "description: The sum in fen.", "description: The sum. # WANT amount-unit\n         "},
	{"part of a word", "price: {title: 金额, description: In fen.,", "price: {title: 金额, description: A fence., # WANT amount-unit\n         "},
	{"amount by reference", "price: {title: 金额, description: In fen., type: integer, format: int64, minimum: 0}\n", "price: {$ref: '#/components/schemas/Money'}\n    Money:\n      title: 金额\n      description: Money. # WANT amount-unit\n      type: integer\n      format: int64\n      minimum: 0\n"},
	{"not money", "price: {title: 金额, description: In fen.,", "priced: {title: 数量, description: How many.,"},

	// pattern-anchored, see also TestPatterns
	{"loose pattern", "pattern: ^[0-9A-Za-z_\\-|*]{1,32}$", "pattern: '[0-9A-Z]{1,32}$' # WANT pattern-anchored"},
	{"pattern that does not compile", "pattern: ^[0-9A-Za-z_\\-|*]{1,32}$", "pattern: ^[0-9 # WANT pattern-anchored"},

	// array-items
	{"array without maxItems", "maxItems: 9, items", "items"},
	{"required array without minItems", "        items:\n          title: 项目列表\n          description: The lines of the bill.\n          type: array\n          minItems: 0\n", "        items: # WANT array-items\n          title: 项目列表\n          description: The lines of the bill.\n          type: array\n"},
	{"array required by another member of allOf", "type: integer, format: int64, minimum: 0}\n    OrderRequest:\n", "type: integer, format: int64, minimum: 0}\n        sub: {$ref: '#/components/schemas/Sub'}\n    Sub:\n      {title: 子, description: Part., allOf: [{$ref: '#/components/schemas/More'}, {type: object, required: [list], properties: {a: {title: 甲, description: A., type: boolean}}}]}\n    More:\n      title: 更多\n      description: More.\n      type: object\n      properties:\n        list: # WANT array-items\n          {title: 表, description: A list., type: array, maxItems: 9, items: {type: boolean}}\n    OrderRequest:\n"},
	{"optional array without minItems", "required: [total_amount, items]", "required: [total_amount]"},

	// enum-ascii
	{"Chinese enum", "enum: [CREATED, DOING, DONE]", "enum:\n        - CREATED\n        - DOING\n        - 完成 # WANT enum-ascii generated-names"},

	// list-object
	{"list answer", "              schema: {$ref: '#/components/schemas/Order'}\n              example: {id: A1, total_amount: 100, items: [], state: DOING}", "              schema: # WANT list-object\n                {type: array, maxItems: 9, items: {$ref: '#/components/schemas/Order'}}\n              example: []"},

	// generated-schema, generated-parameter, generated-operation, generated-names: internal/codegen has a test of each kind
	{"limit of a number", "description: The sum in fen., type: integer, format: int64, minimum: 0}", "description: The sum in fen., type: integer, format: int64, minimum: 0,\n          multipleOf: 5} # WANT generated-schema"},
	{"required and not declared", "      description: What an event carries.\n      type: object\n", "      description: What an event carries.\n      type: object\n      required: [lost] # WANT generated-schema\n"},
	{"reference with a description", "paid_at: {title: 支付时间, description: When it was paid., type: string, format: date-time}", "first: {title: 订单号, description: The first., allOf: [{$ref: '#/components/schemas/OrderId'}]}"},
	{"cookie", "          in: query\n", "          in: cookie # WANT generated-parameter\n"},
	{"header", "          in: query\n", "          in: header\n"},
	{"header of the client's own", "        - name: limit\n          in: query\n", "        - name: User-Agent # WANT generated-parameter\n          in: header\n"},
	{"style of a path", "      in: path\n", "      in: path\n      style: label # WANT generated-parameter\n"},
	{"optional body", "      requestBody:\n        required: true\n", "      requestBody: # WANT generated-operation\n"},
	{"method as a property", "name: {title: 名称, description", "validate: {title: 名称, description: Name., type: boolean} # WANT generated-names\n        name: {title: 名称, description"},
	{"enum values that differ in marks", "enum: [CREATED, DOING, DONE]", "enum: [CREATED, DO_NE, DOING,\n        DONE] # WANT generated-names"},
	{"answer with the name of the generator's own", "  schemas:\n", "  schemas:\n    CreateOrderResponse: # WANT generated-names unused-component\n      {title: 应答, description: An answer., type: boolean}\n"},

	// callback-once
	{"callback at two operations", "      responses:\n        '204': {description: Cancelled.}\n", "      callbacks:\n        moved: {$ref: '#/components/callbacks/Moved'} # WANT callback-once\n      responses:\n        '204': {description: Cancelled.}\n"},

	// operation-id
	{"no operation id", "    post:\n      operationId: cancelOrder\n", "    post: # WANT operation-id\n"},
	{"operation id in another case", "operationId: cancelOrder", "operationId: cancel_order # WANT operation-id"},
	{"operation id in upper case", "operationId: cancelOrder", "operationId: CancelOrder # WANT operation-id"},
	{"operation id without verb", "operationId: cancelOrder", "operationId: orderCancel # WANT operation-id"},
	{"operation id that hides a verb", "operationId: cancelOrder", "operationId: cancellation # WANT operation-id"},
	{"operation id twice", "operationId: cancelOrder", "operationId: createOrder # WANT operation-id"},

	// external-docs
	{"no page", "    post:\n      operationId: createOrder\n      tags: [order]\n      summary: 创建订单\n      description: Opens an order.\n      externalDocs: {url: https://pay.weixin.qq.com/doc/v3/create}\n", "    post: # WANT external-docs\n      operationId: createOrder\n      tags: [order]\n      summary: 创建订单\n      description: Opens an order.\n"},
	{"page elsewhere", "{url: https://pay.weixin.qq.com/doc/v3/create}", "{url: https://pay.weixin.qq.com.example/doc} # WANT external-docs"},

	// no-content
	{"204 with content", "'204': {description: Cancelled.}", "'204':\n          description: Cancelled.\n          content: # WANT no-content\n            application/json: {schema: {$ref: '#/components/schemas/Order'}, example: {id: A1, total_amount: 1, items: []}}"},
	{"200 without content", "'204': {description: Cancelled.}", "'200': {description: Cancelled.}"},

	// error-responses
	{"missing status", "      responses:\n        '204': {description: Cancelled.}\n        '400': *bad\n        '401': {$ref: '#/components/responses/Refused'}\n", "      responses: # WANT error-responses\n        '204': {description: Cancelled.}\n        '400': *bad\n"},
	{"error without content", "'400': *bad\n", "'400': {description: Nothing.} # WANT error-responses\n"},
	{"callback without errors", "'204': {description: Taken.}", "'200': {description: Taken.}"},
	{"another error schema", "              schema: {$ref: '#/components/schemas/Error'}\n              example: {code: PARAM_ERROR, message: 参数错误}", "              schema: {$ref: '#/components/schemas/OrderId'} # WANT error-responses\n              example: A1"},
	{"error without example", "        application/json:\n          schema: {$ref: '#/components/schemas/Error'}\n          examples:\n            sign: {value: {code: SIGN_ERROR, message: 签名错误}}\n", "        application/json: # WANT error-responses\n          schema: {$ref: '#/components/schemas/Error'}\n"},

	// examples
	{"answer without example", "        '200':\n          description: The order.\n          headers:\n            Request-ID: {$ref: '#/components/headers/RequestId'}\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/Order'}\n              example: {id: A1, total_amount: 100, items: [], state: DOING}\n", "        '200': # WANT examples\n          description: The order.\n          headers:\n            Request-ID: {$ref: '#/components/headers/RequestId'}\n          content:\n            application/json:\n              schema: {$ref: '#/components/schemas/Order'}\n"},
	{"binary answer without example", "              schema: {$ref: '#/components/schemas/Order'}\n              example: {id: A1, total_amount: 100, items: [], state: DOING}\n", "              schema: {$ref: '#/components/schemas/Order'}\n              example: {id: A1, total_amount: 100, items: [], state: DOING}\n        '206': # WANT generated-operation\n          description: A part.\n          content: {application/octet-stream: {schema: {type: string, format: binary}}} # WANT generated-operation\n"},
	{"request without example", "              requestBody:\n                content:\n                  application/json:\n                    schema: {$ref: '#/components/schemas/Notice'}\n                    examples: {PARKING.PAID: {value: {event_type: PARKING.PAID, tags: []}}}\n", "              requestBody: # WANT examples\n                content:\n                  application/json:\n                    schema: {$ref: '#/components/schemas/Notice'}\n"},

	// example
	{"wrong answer", "example: {id: A1, total_amount: 100, items: [], state: DOING}", "example: {id: A1, total_amount: -1, items: [], state: LOST} # WANT example"},
	{"answer without a required field", "example: {id: A1, total_amount: 100, items: [], state: DOING}", "example: {total_amount: 1, items: []} # WANT example"},
	{"wrong request in components", "  examples:\n    Order:\n      summary: One item.\n      value: {total_amount: 100, ", "  examples:\n    Order: # WANT example\n      summary: One item.\n      value: {total_amount: '100', "},
	{"wrong named example", "sign: {value: {code: SIGN_ERROR, message: 签名错误}}", "sign: {value: {code: SIGN_ERROR}} # WANT example"},
	{"wrong parameter", "          example: 3\n", "          example: 0 # WANT example\n"},
	{"wrong header", "      example: 08F7\n", "      example: 8 # WANT example\n"},
	{"wrong schema example", "      example: A1\n    State:", "      example: A+ # WANT example\n    State:"},
	{"example and examples", "            application/json:\n              schema: {$ref: '#/components/schemas/Order'}\n              example: {id: A1, total_amount: 100, items: [], state: DOING}\n", "            application/json: # WANT openapi\n              schema: {$ref: '#/components/schemas/Order'}\n              example: {id: A1, total_amount: 100, items: []}\n              examples:\n                one: {value: {id: A1, total_amount: 100, items: []}}\n"},
	{"example that no alias repeats", "example: {code: PARAM_ERROR, message: 参数错误}", "example: {code: 3, message: 参数错误} # WANT example"},
	{"unquoted time", "example: {id: A1, total_amount: 100,", "example: {paid_at: 2015-05-20T13:29:35+08:00, id: A1, total_amount: 100,"},
	{"not a time", "example: {id: A1, total_amount: 100, items: [], state: DOING}", "example: {paid_at: 20150520, id: A1, total_amount: 100, items: []} # WANT example"},

	// order-stages
	{"unknown stage allowed", "        allowed: [CREATED, DOING]\n", "        allowed: [CREATED, DOING, GONE] # WANT order-stages\n"},
	{"unknown stage becomes", "becomes: DONE", "becomes: GONE # WANT order-stages"},
	{"a stage for each stage", "becomes: DONE", "becomes: {CREATED: DONE, DOING: DONE} # WANT order-stages"},
	{"stage at zero", "becomes: DONE", "becomes: DONE\n        becomes_at_zero: DONE"},
	{"unknown stage at zero", "becomes: DONE", "becomes: DONE\n        becomes_at_zero: GONE # WANT order-stages"},
	{"unknown stage created", "creates: [CREATED]", "creates: [NEW] # WANT order-stages"},
	{"stage not covered", "      x-wechatpay-order-stages:\n        allowed: [CREATED, DOING]\n", "      x-wechatpay-order-stages: # WANT order-stages\n        allowed: [CREATED]\n"},
	{"stage allowed and refused", "          DONE: {status: 400,", "          DOING: {status: 400, code: ORDER_DONE, number: 271302262, message: B} # WANT order-stages\n          DONE: {status: 400,"},
	{"unknown stage refused", "          DONE: {status: 400,", "          GONE: {status: 400, code: ORDER_DONE, number: 271302262, message: B} # WANT order-stages\n          DONE: {status: 400,"},
	{"refusal without code", "DONE: {status: 400, code: ORDER_DONE, number: 271302262, message: 订单已完成}", "DONE: {status: 400, number: 271302262, message: 订单已完成} # WANT order-stages"},
	{"refusal with an odd number", "number: 271302262,", "number: many, message: B} # WANT order-stages\n          #"},
	{"refusal that is no answer", "DONE: {status: 400,", "DONE: {status: 409, # WANT order-stages\n           "},
	{"refusal that is no mapping", "DONE: {status: 400, code: ORDER_DONE, number: 271302262, message: 订单已完成}", "DONE: 400 # WANT order-stages"},
	{"refusal with a key too many", "DONE: {status: 400,", "DONE: {detail: x, # WANT order-stages\n            status: 400,"},
	{"refusals that are no mapping", "      x-wechatpay-order-stages:\n        allowed: [CREATED, DOING]\n        becomes: DONE\n        refusals:\n          DONE: {status: 400, code: ORDER_DONE, number: 271302262, message: 订单已完成}", "      x-wechatpay-order-stages: # WANT order-stages\n        allowed: [CREATED, DOING]\n        refusals: [DONE] # WANT order-stages"},
	{"allowed that is no list", "creates: [CREATED]", "creates: CREATED # WANT order-stages"},
	{"table that is no mapping", "      x-wechatpay-order-stages:\n        creates: [CREATED]\n", "      x-wechatpay-order-stages: [CREATED] # WANT order-stages\n"},
	{"unknown key of the table", "becomes: DONE", "became: DONE # WANT order-stages"},
	{"both creates and allows", "      x-wechatpay-order-stages:\n        creates: [CREATED]\n", "      x-wechatpay-order-stages: # WANT order-stages\n        creates: [CREATED]\n        allowed: [DONE]\n"},
	{"stages not declared", "  DONE: {title: 已完成}\n", "  DONE: finished # WANT order-stages\n"},

	// reentry
	{"write without", "    post:\n      operationId: createOrder\n      tags: [order]\n      summary: 创建订单\n      description: Opens an order.\n      externalDocs: {url: https://pay.weixin.qq.com/doc/v3/create}\n      x-wechatpay-order-stages:\n        creates: [CREATED]\n      x-wechatpay-reentry: {same_parameters: unknown, other_parameters: unknown}\n", "    post: # WANT reentry\n      operationId: createOrder\n      tags: [order]\n      summary: 创建订单\n      description: Opens an order.\n      externalDocs: {url: https://pay.weixin.qq.com/doc/v3/create}\n      x-wechatpay-order-stages:\n        creates: [CREATED]\n"},
	{"callback with", "operationId: notifyOrderPaid\n", "operationId: notifyOrderPaid\n              x-wechatpay-reentry: {same_parameters: unknown, other_parameters: unknown} # WANT reentry\n"},
	{"no mapping", "{same_parameters: unknown, other_parameters: unknown}", "unknown # WANT reentry"},
	{"same parameters of another word", "same_parameters: same-answer", "same_parameters: safe # WANT reentry"},
	{"same parameters missing", "{same_parameters: unknown, other_parameters: unknown}", "{other_parameters: unknown} # WANT reentry"},
	{"other parameters of another word", "{same_parameters: unknown, other_parameters: unknown}", "{same_parameters: unknown, other_parameters: no} # WANT reentry"},
	{"refused without the refusal", "other_parameters: refused\n        refusal: {status: 400, code: PARAM_ERROR, message: 重入, number: 271302262}\n", "other_parameters: refused # WANT reentry\n"},
	{"refusal of what is taken", "        other_parameters: refused\n", "        other_parameters: another-operation # WANT reentry\n"},
	{"refusal that is no mapping of the re-entry", "refusal: {status: 400, code: PARAM_ERROR, message: 重入, number: 271302262}", "refusal: 400 # WANT reentry"},
	{"refusal of the re-entry that is no error", "refusal: {status: 400,", "refusal: {status: 200, # WANT reentry\n         "},
	{"refusal of the re-entry with an unknown code", "code: PARAM_ERROR, message: 重入, number: 271302262}", "code: NEW, message: 重入, number: 271302262} # WANT reentry"},
	{"refusal of the re-entry with an unknown number", "message: 重入, number: 271302262}", "message: 重入, number: 5} # WANT reentry"},
	{"refusal of the re-entry without a number", "message: 重入, number: 271302262}", "message: 重入}"},
	{"refusal of the re-entry without a message", "message: 重入, number: 271302262}", "number: 271302262} # WANT reentry"},
	{"re-entry refused without a remedy", "      x-wechatpay-reentry:\n        same_parameters: same-answer\n        other_parameters: refused\n        refusal: {status: 400, code: PARAM_ERROR, message: 重入, number: 271302262}\n        remedy: {zh: 先看订单, en: Look at it.}\n        note: Two disagree (不一致).\n        sources:\n          - {url: 'https://pay.weixin.qq.com/doc/v3/cancel', date: '2025-02-25', title: 取消, says: 'It says “支持重入”.'}\n          - {url: 'https://example.test/answer', date: undated, title: Answer, says: It says no.}\n", "      x-wechatpay-reentry: # WANT reentry\n        same_parameters: same-answer\n        other_parameters: refused\n        refusal: {status: 400, code: PARAM_ERROR, number: 271302262, message: 重入}\n        note: Two disagree (不一致).\n        sources:\n          - {url: 'https://pay.weixin.qq.com/doc/v3/cancel', date: '2025-02-25', title: 取消, says: 'It says “支持重入”.'}\n          - {url: 'https://example.test/answer', date: undated, title: Answer, says: It says no.}\n"},
	{"remedy of the re-entry in one language", "      x-wechatpay-reentry:\n        same_parameters: same-answer\n        other_parameters: refused\n        refusal: {status: 400, code: PARAM_ERROR, message: 重入, number: 271302262}\n        remedy: {zh: 先看订单, en: Look at it.}\n        note: Two disagree (不一致).\n        sources:\n          - {url: 'https://pay.weixin.qq.com/doc/v3/cancel', date: '2025-02-25', title: 取消, says: 'It says “支持重入”.'}\n          - {url: 'https://example.test/answer', date: undated, title: Answer, says: It says no.}\n", "      x-wechatpay-reentry: # WANT reentry\n        same_parameters: same-answer\n        other_parameters: refused\n        refusal: {status: 400, code: PARAM_ERROR, number: 271302262, message: 重入}\n        remedy: {zh: 先看订单}\n        note: Two disagree (不一致).\n        sources:\n          - {url: 'https://pay.weixin.qq.com/doc/v3/cancel', date: '2025-02-25', title: 取消, says: 'It says “支持重入”.'}\n          - {url: 'https://example.test/answer', date: undated, title: Answer, says: It says no.}\n"},
	{"note in Chinese", "note: Two disagree (不一致).", "note: 不一致 # WANT reentry"},
	{"key too many in the re-entry", "        note: Two disagree (不一致).", "        notes: Two disagree. # WANT reentry"},
	{"no sources", "      x-wechatpay-reentry:\n        same_parameters: same-answer\n        other_parameters: refused\n        refusal: {status: 400, code: PARAM_ERROR, message: 重入, number: 271302262}\n        remedy: {zh: 先看订单, en: Look at it.}\n        note: Two disagree (不一致).\n        sources:\n          - {url: 'https://pay.weixin.qq.com/doc/v3/cancel', date: '2025-02-25', title: 取消, says: 'It says “支持重入”.'}\n          - {url: 'https://example.test/answer', date: undated, title: Answer, says: It says no.}\n", "      x-wechatpay-reentry: # WANT reentry\n        same_parameters: same-answer\n        other_parameters: refused\n        refusal: {status: 400, code: PARAM_ERROR, number: 271302262, message: 重入}\n        remedy: {zh: 先看订单, en: Look at it.}\n        note: Two disagree (不一致).\n"},
	{"source without a link", "- {url: 'https://example.test/answer',", "- {url: answer, # WANT reentry\n            "},
	{"source of an odd date", "date: undated, title: Answer, says: It says no.}", "date: yesterday, title: Answer, says: It says no.} # WANT reentry"},
	{"source of a year", "date: undated,", "date: '2020',"},
	{"source without a title", "title: Answer, says: It says no.}", "says: It says no.} # WANT reentry"},
	{"source in Chinese", "says: It says no.}", "says: 不} # WANT reentry"},
	{"source with a key too many", "says: It says no.}", "says: It says no., page: 5} # WANT reentry"},

	// path-parameter
	{"path without pattern", "    Id:\n      name: id\n      in: path\n      required: true\n      description: The order.\n      schema: {$ref: '#/components/schemas/OrderId'}\n      example: A1\n", "    Id: # WANT path-parameter\n      name: id\n      in: path\n      required: true\n      description: The order.\n      schema: {title: 号, type: string, maxLength: 9}\n      example: A1\n"},
	{"path without pattern, with a reason", "      in: path\n      required: true\n      description: The order.\n      schema: {$ref: '#/components/schemas/OrderId'}\n", "      in: path\n      x-wechatpay-path-safe: WeChat Pay makes it of digits.\n      required: true\n      description: The order.\n      schema: {title: 号, type: string, maxLength: 9}\n"},
	{"path without pattern, with a blank reason", "    Id:\n      name: id\n      in: path\n      required: true\n      description: The order.\n      schema: {$ref: '#/components/schemas/OrderId'}\n", "    Id: # WANT path-parameter\n      name: id\n      in: path\n      x-wechatpay-path-safe: ' '\n      required: true\n      description: The order.\n      schema: {title: 号, type: string, maxLength: 9}\n"},
	{"number in a path", "      in: path\n      required: true\n      description: The order.\n      schema: {$ref: '#/components/schemas/OrderId'}\n      example: A1\n", "      in: path\n      required: true\n      description: The order.\n      schema: {title: 号, type: integer, format: int64, minimum: 1}\n      example: 1\n"},

	// array-of-strings
	{"list of texts without minLength", "items: {type: string, minLength: 1, maxLength: 8}}", "items: {type: string, maxLength: 8}} # WANT array-of-strings"},
	{"list of texts without limits", "items: {type: string, minLength: 1, maxLength: 8}}", "items: {type: string}} # WANT array-of-strings string-max-length"},
	{"list of texts with a pattern", "items: {type: string, minLength: 1, maxLength: 8}}", "items: {$ref: '#/components/schemas/OrderId'}}"},
	{"list of words", "items: {type: string, minLength: 1, maxLength: 8}}", "items: {$ref: '#/components/schemas/State'}}"},
	{"list of texts in a query", "schema: {title: 数量, type: integer, format: int64, minimum: 1}\n          example: 3\n", "schema: {title: 数量, type: array, maxItems: 9, items: {type: string, maxLength: 8}} # WANT array-of-strings generated-parameter\n          example: [a]\n"},

	// error-catalogue
	{"unknown retry", "en: Repair it.}, retry: never}", "en: Repair it.}, retry: often} # WANT error-catalogue"},
	{"no retry", "en: Repair it.}, retry: never}", "en: Repair it.}} # WANT error-catalogue"},
	{"English title of an error", "title: 参数错误, description: A value is wrong.", "title: Wrong, description: A value is wrong. # WANT error-catalogue\n   "},
	{"Chinese description of an error", "description: A value is wrong.", "description: 参数错误 # WANT error-catalogue\n   "},
	{"no remedy", "remedy: {zh: 修正参数, en: Repair it.}, retry", "retry: never} # WANT error-catalogue\n  #"},
	{"remedy in one language", "remedy: {zh: 修正参数, en: Repair it.}", "remedy: {zh: 修正参数} # WANT error-catalogue\n   "},
	{"remedy in Chinese twice", "en: Repair it.}", "en: 修正参数} # WANT error-catalogue\n   "},
	{"remedy in English twice", "remedy: {zh: 修正参数,", "remedy: {zh: Repair it., # WANT error-catalogue\n   "},
	{"status of a success", "  PARAM_ERROR: {status: 400,", "  PARAM_ERROR: {status: 200, # WANT error-catalogue\n   "},
	{"code in small letters", "  SIGN_ERROR: {status", "  sign_error: {status: 401, title: 一, description: One., remedy: {zh: 一, en: One.}, retry: never} # WANT error-catalogue\n  SIGN_ERROR: {status"},
	{"error that is no mapping", "  SIGN_ERROR: {status", "  LOST: gone # WANT error-catalogue\n  SIGN_ERROR: {status"},
	{"key too many in an error", "  PARAM_ERROR: {status: 400,", "  PARAM_ERROR: {number: 3, # WANT error-catalogue\n    status: 400,"},
	{"number that is none", "  271316754: {", "  many: { # WANT error-catalogue\n    "},
	{"number without message", "message: 正在扣款, remedy", "remedy: {zh: 稍后, en: Later.}, retry: later} # WANT error-catalogue\n  #"},
	{"number without a name", "{name: RUNNING, title", "{ # WANT error-catalogue\n    title"},
	{"number with a name in small letters", "{name: RUNNING,", "{name: running, # WANT error-catalogue\n   "},
	{"two numbers of one name", "  271316754: {name: RUNNING,", "  271316754: {name: WRONG_STATE, # WANT error-catalogue\n    "},
	{"number with an unknown code", "name: WRONG_STATE, code: ORDER_DONE,", "name: WRONG_STATE, code: ORDER_OVER, # WANT error-catalogue\n    "},
	{"numbers that are no mapping", "x-wechatpay-error-numbers:\n  '271302262': {name: WRONG_STATE, code: ORDER_DONE, title: 状态不合法, description: Not in this state., message: 订单已完成, remedy: {zh: 先查询, en: Query first.}, retry: after-query}\n  271316754: {name: RUNNING, title: 正在扣款, description: Money moves (扣款)., message: 正在扣款, remedy: {zh: 稍后, en: Later.}, retry: later}\n", "x-wechatpay-error-numbers: # WANT error-catalogue\n  [271302262]\n"},

	{"unsigned without a source", "unsigned: [{url: https://pay.weixin.qq.com/sign, date: '2020', title: 签名, says: It is not signed.}]", "unsigned: true # WANT error-catalogue\n   "},
	{"unsigned with an empty list", "unsigned: [{url: https://pay.weixin.qq.com/sign, date: '2020', title: 签名, says: It is not signed.}]", "unsigned: [] # WANT error-catalogue\n   "},
	{"unsigned by no link", "url: https://pay.weixin.qq.com/sign,", "url: a page, # WANT error-catalogue\n   "},

	// error-known
	{"unknown code in an example", "example: {code: PARAM_ERROR, message: 参数错误}", "example: {code: PARAM_WRONG, message: 参数错误} # WANT error-known"},
	{"unknown code in a named example", "sign: {value: {code: SIGN_ERROR, message: 签名错误}}", "sign: {value: {code: SIGN_WRONG, message: 签名错误}} # WANT error-known"},
	{"unknown code in a refusal", "DONE: {status: 400, code: ORDER_DONE,", "DONE: {status: 400, code: ORDER_OVER, # WANT error-known\n           "},
	{"unknown number in a refusal", "number: 271302262,", "number: 271302263, # WANT error-known\n           "},

	// event-resources, see also the callback by reference in the good document
	{"event of an unknown schema", "PARKING.MOVED: {$ref: '#/components/schemas/Paid'}", "PARKING.MOVED: {$ref: '#/components/schemas/Lost'} # WANT event-resources"},
	{"event of something else", "PARKING.MOVED: {$ref: '#/components/schemas/Paid'}", "PARKING.MOVED: {$ref: '#/components/parameters/Id'} # WANT event-resources"},
	{"event of nothing", "PARKING.MOVED: {$ref: '#/components/schemas/Paid'}", "PARKING.MOVED: # WANT event-resources"},
	{"event in small letters", "PARKING.MOVED: {$ref", "moved: {$ref: '#/components/schemas/Paid'} # WANT event-resources\n            PARKING.MOVED: {$ref"},
	{"event without example", "            PARKING.MOVED: {$ref", "            PARKING.LOST: {$ref: '#/components/schemas/Paid'} # WANT event-resources\n            PARKING.MOVED: {$ref"},
	{"event whose example is of another", "event_type: PARKING.MOVED,", "event_type: PARKING.PAID,"},
	{"events that are no mapping", "          x-wechatpay-resources:\n            PARKING.MOVED: {$ref: '#/components/schemas/Paid'}\n", "          x-wechatpay-resources: [PARKING.MOVED] # WANT event-resources\n"},
	{"event on a call of the merchant", "      summary: 取消订单\n", "      summary: 取消订单\n      x-wechatpay-resources: {PARKING.GONE: {$ref: '#/components/schemas/Paid'}} # WANT event-resources\n"},

	// text
	{"text of words", "pattern: '^[\\t -z]*$',", "pattern: '^(ab)*$', # WANT text\n   "},
	{"text of one letter at least", "pattern: '^[\\t -z]*$',", "pattern: '^[\\t -z]+$', # WANT text\n   "},
	{"text with emoji", "pattern: '^[\\t -z]*$',", "pattern: '^[\\t -🍜]*$', # WANT text\n   "},
	{"text by a negated class", "pattern: '^[\\t -z]*$',", "pattern: '^[^a]*$', # WANT text\n   "},
	{"text with a loose pattern", "pattern: '^[\\t -z]*$',", "pattern: '[\\t -z]*', # WANT text\n   "},
	{"text without a pattern", "pattern: '^[\\t -z]*$',", "# WANT text\n   "},
	{"text without a source", "sources: [{url: https://pay.weixin.qq.com/text, date: '2024', title: 字符集, says: Letters.}]}", "sources: []} # WANT text"},
	{"text that is no mapping", "x-wechatpay-text: {title: 文本, description: Letters., pattern: '^[\\t -z]*$', sources: [{url: https://pay.weixin.qq.com/text, date: '2024', title: 字符集, says: Letters.}]}", "x-wechatpay-text: '^[a-z]*$' # WANT text"},
	{"no rule of texts", "x-wechatpay-text: {title: 文本, description: Letters., pattern: '^[\\t -z]*$', sources: [{url: https://pay.weixin.qq.com/text, date: '2024', title: 字符集, says: Letters.}]}\n", ""},

	// Callbacks keep the rules of operations, those by reference too.
	{"callback without summary", "        post:\n          operationId: notifyOrderMoved\n          summary: 状态通知\n", "        post: # WANT title-missing\n          operationId: notifyOrderMoved\n"},
	{"callback without description", "        post:\n          operationId: notifyOrderMoved\n          summary: 状态通知\n          description: The order moved on.\n", "        post: # WANT description-missing\n          operationId: notifyOrderMoved\n          summary: 状态通知\n"},
	{"callback without page", "        post:\n          operationId: notifyOrderMoved\n          summary: 状态通知\n          description: The order moved on.\n          externalDocs: {url: https://pay.weixin.qq.com/doc/v3/moved}\n", "        post: # WANT external-docs\n          operationId: notifyOrderMoved\n          summary: 状态通知\n          description: The order moved on.\n"},
	{"callback without example", "          requestBody:\n            content:\n              application/json:\n                schema: {$ref: '#/components/schemas/Notice'}\n                examples: {PARKING.MOVED: {value: {event_type: PARKING.MOVED, tags: []}}}\n", "          requestBody: # WANT examples\n            content:\n              application/json:\n                schema: {$ref: '#/components/schemas/Notice'}\n"},
	{"resource that only an event uses", "                PARKING.PAID: {$ref: '#/components/schemas/Paid'}\n", "                PARKING.PAID: {$ref: '#/components/schemas/Order'}\n"},
	{"resource that no event uses", "    Notice:\n", "    Lost: # WANT unused-component\n      {title: 无, description: Unused., type: boolean}\n    Notice:\n"},
	{"callback that nothing refers to", "    Moved:\n", "    Lost: {} # WANT unused-component\n    Moved:\n"},
}

// sameLine are edits whose line cannot hold a comment of its own; the finding
// is wanted on the line of the edit.
var sameLine = map[string]string{
	"no version":                        "openapi-version",
	"property with a blank description": "description-missing",
	"array without maxItems":            "array-items",
	"event whose example is of another": "event-resources",
}

func TestRules(t *testing.T) {
	covered := map[string]bool{}
	for i, tw := range twins {
		if testing.Short() && i%6 != 0 {
			continue
		}
		t.Run(tw.name, func(t *testing.T) {
			doc := tw.text(t)
			want := wanted(doc)
			if r := sameLine[tw.name]; r != "" {
				want = []string{fmt.Sprintf("%d %s", firstDifference(good(t), doc), r)}
			}
			findings, err := Check("twin.yaml", []byte(doc))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range findings {
				covered[f.Rule] = true
				got = append(got, fmt.Sprintf("%d %s", f.Line, f.Rule))
				if f.File != "twin.yaml" || f.Message == "" || strings.Contains(f.Message, "\n") {
					t.Errorf("ill-formed finding %+v", f)
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
				for _, f := range findings {
					t.Log(f)
				}
			}
		})
	}
	for _, r := range rules {
		if !covered[r.name] && !testing.Short() {
			t.Errorf("no test makes the rule %s speak", r.name)
		}
	}
}

func firstDifference(a, b string) int {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return i + 1
		}
	}
	return 0
}

func TestPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		`^[0-9]+$`:             "",
		`^(?:a|b)$`:            "",
		`^a\$$`:                "",
		`^[\w\-\\]]*$`:         "",
		`^\d{4}-\d{2}$`:        "",
		`^[^\]]$`:              "",
		`(^a$)`:                "",
		`^a|b$`:                "a part",
		`a$`:                   "a part",
		`^a`:                   "a part",
		`^a\$`:                 "a part",
		``:                     "a part",
		`^(?=a)a$`:             "lookahead",
		`^(?!a)b$`:             "lookahead",
		`^(?<=a)b$`:            "lookbehind",
		`^(?<!a)b$`:            "lookbehind",
		`^\p{Han}$`:            `uses \p`,
		`^[\PL]$`:              `uses \p`,
		`\Aa\z`:                `uses \A`,
		`^a\z`:                 `uses \z`,
		`^(?P<year>\d)$`:       "named group",
		`^(?<year>\d)$`:        "named group",
		`^(?i)a$`:              "inline flags",
		`^(a)\1$`:              "backreference",
		`^[[:alpha:]]$`:        "[:class:]",
		`^[]a]$`:               "with ]",
		`^\x{4e00}$`:           `\x{...}`,
		`^\u4e00$`:             `uses \u`,
		`^a{2,1}$`:             "does not compile",
		`^[(?=]$`:              "",
		`^[a(?=]$`:             "",
		`^[a](?=b)$`:           "lookahead",
		`^\(?=$`:               "",
		strings.Repeat(`(`, 9): "does not compile",
	} {
		got := patternFault(pattern)
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %q", pattern, got, want)
		}
	}
}
