package codegen

// A mutant is one more thing in a contract: a property, a parameter, or what an
// operation says besides. Lint refuses it, or the client checks and sends it.
type mutant struct {
	name string
	// One of the three. A property and a parameter are written twice, as the
	// optional NAME "value" and as the required one "needed".
	property, parameter, operation string
	components                     string // further schemas, M for the name of the mutant
	called                         string // the name instead of "needed", which is left out then
	path                           bool   // the parameter stands in the path

	refused bool     // by lint
	good    []string // values as JSON
	wire    []string // how a good parameter goes out
	bad     []string // values that break the contract
	mangled []string // values that would arrive as others, whatever the contract says
}

const (
	words    = "title: 值, description: A value."
	strings3 = "type: array, minItems: 1, maxItems: 3, items: {type: string, minLength: 1, maxLength: 3}"
)

func property(name, schema string, good []string, bad ...string) mutant {
	return mutant{name: name, property: "{" + words + ", " + schema + "}", good: good, bad: bad}
}

func refusedProperty(name, schema string) mutant {
	return mutant{name: name, property: "{" + words + ", " + schema + "}", refused: true}
}

func refusedParameter(name, in, more string) mutant {
	return mutant{name: name, parameter: "in: " + in + ", " + more, refused: true, path: in == "path"}
}

func named(name string, refused bool) mutant {
	return mutant{name: "property named " + name, property: "{" + words + ", type: string, maxLength: 3}", called: name, refused: refused,
		good: []string{`"abc"`}, bad: []string{`"abcd"`}}
}

func parameter(in, called string, refused bool) mutant {
	m := mutant{name: in + " parameter named " + called, parameter: "in: " + in + ", schema: {title: 值, type: string, minLength: 1, maxLength: 3, pattern: '^[a-z]*$'}",
		called: called, refused: refused, path: in == "path", good: []string{`"abc"`}, bad: []string{`"abcd"`, `"A"`}}
	m.wire = []string{"NAME=abc"}
	if in != "query" {
		m.wire = []string{"abc"}
	}
	return m
}

// part is an object with a limit inside.
const partSchema = "    MPart: {title: 部分, description: A part., type: object, required: [name], properties: {name: {title: 名, description: A name., type: string, maxLength: 3}}}\n"

func object(name, schema, components string, good []string, bad ...string) mutant {
	m := property(name, schema, good, bad...)
	m.components = components
	return m
}

func reference(name, schema, components string, good []string, bad ...string) mutant {
	return mutant{name: name, property: schema, components: components, good: good, bad: bad}
}

func refusedObject(name, schema, components string) mutant {
	return mutant{name: name, property: schema, components: components, refused: true}
}

var mutants = []mutant{
	// Texts.
	property("string", "type: string, minLength: 2, maxLength: 3", []string{`"ab"`, `"费费费"`}, `"a"`, `"abcd"`),
	property("pattern", "type: string, maxLength: 8, pattern: '^[a-z]+$'", []string{`"abc"`}, `"ABC"`, `""`),
	property("annotations", "type: string, maxLength: 3, default: a, deprecated: true, example: b, externalDocs: {url: 'https://pay.weixin.qq.com/'}, x-note: a", []string{`"abc"`}, `"abcd"`),
	property("time", "type: string, format: date-time", []string{`"2019-11-11T16:24:05+08:00"`}),
	refusedProperty("length beside a time", "type: string, format: date-time, maxLength: 20"),
	refusedProperty("pattern beside a time", "type: string, format: date-time, pattern: '^2.*$'"),
	refusedProperty("date", "type: string, format: date, maxLength: 10"),
	refusedProperty("byte", "type: string, format: byte, maxLength: 10"),
	refusedProperty("binary", "type: string, format: binary"),
	refusedProperty("uuid", "type: string, format: uuid, maxLength: 36"),
	refusedProperty("email", "type: string, format: email, maxLength: 36"),
	refusedProperty("format of somebody", "type: string, format: plate, maxLength: 36"),
	refusedProperty("nullable", "type: string, maxLength: 3, nullable: true"),
	refusedProperty("readOnly", "type: string, maxLength: 3, readOnly: true"),
	refusedProperty("writeOnly", "type: string, maxLength: 3, writeOnly: true"),
	refusedProperty("xml", "type: string, maxLength: 3, xml: {name: a}"),
	refusedProperty("const", "type: string, maxLength: 3, const: a"),
	refusedProperty("range of a text", "type: string, maxLength: 3, minimum: 1"),
	refusedProperty("two types", "type: [string, integer], maxLength: 3"),
	refusedProperty("no type", "maxLength: 3"),
	refusedProperty("unknown type", "type: text"),

	// Enums.
	property("enum", "type: string, enum: [ONE, TWO]", []string{`"ONE"`}, `"THREE"`),
	property("enum of digits and marks", "type: string, enum: [A.B, '7', x_y]", []string{`"7"`, `"A.B"`}, `"A"`),
	reference("named enum", "{$ref: '#/components/schemas/MKind'}", "    MKind: {title: 类, description: A kind., type: string, enum: [ONE, TWO]}\n", []string{`"TWO"`}, `"two"`),
	refusedProperty("enum values that differ in marks", "type: string, enum: [A_B, AB]"),
	refusedProperty("enum values that differ in case", "type: string, enum: [ab, AB]"),
	refusedProperty("enum value with a space", "type: string, enum: [A B, C]"),
	refusedProperty("empty enum value", "type: string, enum: ['', C]"),
	refusedProperty("negative enum value", "type: string, enum: ['-1', '1']"),
	refusedProperty("enum of numbers", "type: integer, format: int64, minimum: 0, enum: [1, 2]"),
	refusedProperty("enum with a length", "type: string, enum: [ONE, TWO], maxLength: 3"),
	refusedProperty("enum without type", "enum: [ONE, TWO]"),
	{name: "enum whose constant is another type", property: "{$ref: '#/components/schemas/MKind'}", refused: true,
		components: "    MKind: {title: 类, description: A kind., type: string, enum: [PART, TWO]}\n    MKindPart: {title: 类, description: A kind., type: object, properties: {kind: {$ref: '#/components/schemas/MKind'}}}\n"},

	// Numbers.
	property("integer", "type: integer, format: int64, minimum: 1, maximum: 5", []string{"1", "5"}, "0", "6"),
	property("large integer", "type: integer, format: int64, minimum: -9007199254740992, maximum: 9007199254740991", []string{"9007199254740991"}, "9007199254740993"),
	reference("named integer", "{$ref: '#/components/schemas/MCount'}", "    MCount: {title: 数, description: A count., type: integer, format: int64, minimum: 1, maximum: 5}\n", []string{"1", "5"}, "0", "6"),
	refusedProperty("int32", "type: integer, format: int32, minimum: 0"),
	refusedProperty("uint64", "type: integer, format: uint64, minimum: 0"),
	refusedProperty("integer without format", "type: integer, minimum: 0"),
	refusedProperty("bound with a fraction", "type: integer, format: int64, minimum: 0.5"),
	refusedProperty("bound with an exponent", "type: integer, format: int64, minimum: 0, maximum: 1e3"),
	refusedProperty("bound beyond int64", "type: integer, format: int64, minimum: 0, maximum: 9223372036854775808"),
	refusedProperty("bound that no float64 holds", "type: integer, format: int64, minimum: 0, maximum: 9007199254740993"),
	refusedProperty("exclusiveMinimum", "type: integer, format: int64, minimum: 0, exclusiveMinimum: true"),
	refusedProperty("exclusiveMaximum", "type: integer, format: int64, minimum: 0, maximum: 5, exclusiveMaximum: true"),
	refusedProperty("multipleOf", "type: integer, format: int64, minimum: 0, multipleOf: 5"),
	property("number", "type: number", []string{"1.5"}),
	property("double", "type: number, format: double", []string{"1.5"}),
	refusedProperty("float", "type: number, format: float"),
	refusedProperty("number with a range", "type: number, minimum: 1"),
	refusedProperty("number with an end", "type: number, maximum: 1"),
	property("boolean", "type: boolean", []string{"true", "false"}),
	refusedProperty("boolean enum", "type: boolean, enum: [true]"),

	// Arrays.
	property("array of strings", strings3, []string{`["a","abc"]`}, `[]`, `["a","b","c","d"]`, `["abcd"]`, `["a",""]`),
	property("array with a pattern", "type: array, minItems: 0, maxItems: 3, items: {type: string, maxLength: 3, pattern: '^[a-z]+$'}", []string{`["a"]`, `[]`}, `["A"]`),
	property("array of integers", "type: array, minItems: 0, maxItems: 3, items: {type: integer, format: int64, minimum: 1, maximum: 5}", []string{`[1,5]`}, `[0]`, `[1,6]`),
	property("array of enums", "type: array, minItems: 0, maxItems: 3, items: {type: string, enum: [ONE, TWO]}", []string{`["ONE"]`}, `["ONE","THREE"]`),
	property("array of booleans", "type: array, minItems: 0, maxItems: 3, items: {type: boolean}", []string{`[true]`}, `[true,true,true,true]`),
	property("array of numbers", "type: array, minItems: 0, maxItems: 3, items: {type: number}", []string{`[1.5]`}),
	property("array of times", "type: array, minItems: 0, maxItems: 3, items: {type: string, format: date-time}", []string{`["2019-11-11T16:24:05+08:00"]`}),
	object("array of objects", "type: array, minItems: 0, maxItems: 3, items: {$ref: '#/components/schemas/MPart'}", partSchema, []string{`[{"name":"abc"}]`}, `[{"name":"abc"},{"name":"abcd"}]`),
	object("array of named strings", "type: array, minItems: 0, maxItems: 3, items: {$ref: '#/components/schemas/MName'}", "    MName: {title: 名, description: A name., type: string, minLength: 1, maxLength: 3}\n", []string{`["abc"]`}, `["abcd"]`),
	object("array of objects made of others", "type: array, minItems: 0, maxItems: 3, items: {$ref: '#/components/schemas/MWhole'}", partSchema+wholeSchema, []string{`[{"more":1,"name":"abc"}]`}, `[{"name":"abcd"}]`, `[{"name":"abc","more":6}]`),
	refusedProperty("uniqueItems", strings3+", uniqueItems: true"),
	refusedProperty("array of arrays", "type: array, minItems: 0, maxItems: 3, items: {"+strings3+"}"),
	refusedProperty("array of anything", "type: array, minItems: 0, maxItems: 3, items: {}"),
	refusedObject("named array", "{$ref: '#/components/schemas/MList'}", "    MList: {title: 表, description: A list., "+strings3+"}\n"),
	refusedObject("array of references with a description", "{"+words+", type: array, minItems: 0, maxItems: 3, items: {allOf: [{$ref: '#/components/schemas/MPart'}]}}", partSchema),

	// Objects, and schemas made of others.
	reference("object", "{$ref: '#/components/schemas/MPart'}", partSchema, []string{`{"name":"abc"}`}, `{"name":"abcd"}`),
	reference("open object", "{$ref: '#/components/schemas/MFree'}", "    MFree: {title: 自由, description: Anything., type: object, additionalProperties: true}\n", []string{`{"a":{"b":1}}`}),
	reference("closed object", "{$ref: '#/components/schemas/MShut'}", "    MShut: {title: 关, description: Shut., type: object, additionalProperties: false, properties: {name: {title: 名, description: A name., type: string, maxLength: 3}}}\n", []string{`{"name":"abc"}`}, `{"name":"abcd"}`),
	reference("object made of others", "{$ref: '#/components/schemas/MWhole'}", partSchema+wholeSchema, []string{`{"more":1,"name":"abc"}`}, `{"name":"abcd"}`, `{"name":"abc","more":6}`),
	object("allOf around an object", "allOf: [{$ref: '#/components/schemas/MPart'}]", partSchema, []string{`{"name":"abc"}`}, `{"name":"abcd"}`),
	object("allOf around an object made of others", "allOf: [{$ref: '#/components/schemas/MWhole'}]", partSchema+wholeSchema, []string{`{"more":1,"name":"abc"}`}, `{"name":"abcd"}`, `{"name":"abc","more":6}`),
	object("allOf around a string", "allOf: [{$ref: '#/components/schemas/MName'}]", "    MName: {title: 名, description: A name., type: string, maxLength: 3, pattern: '^[a-z]+$'}\n", []string{`"abc"`}, `"abcd"`, `"A"`),
	object("allOf around an integer", "allOf: [{$ref: '#/components/schemas/MCount'}]", "    MCount: {title: 数, description: A count., type: integer, format: int64, minimum: 1, maximum: 5}\n", []string{"1"}, "0", "6"),
	object("allOf around an enum", "allOf: [{$ref: '#/components/schemas/MKind'}]", "    MKind: {title: 类, description: A kind., type: string, enum: [ONE, TWO]}\n", []string{`"ONE"`}, `"THREE"`),
	refusedObject("allOf with a limit", "{"+words+", maxLength: 2, allOf: [{$ref: '#/components/schemas/MName'}]}", "    MName: {title: 名, description: A name., type: string, maxLength: 3}\n"),
	refusedObject("allOf that is nullable", "{"+words+", nullable: true, allOf: [{$ref: '#/components/schemas/MPart'}]}", partSchema),
	refusedObject("allOf around two", "{"+words+", allOf: [{$ref: '#/components/schemas/MPart'}, {$ref: '#/components/schemas/MWhole'}]}", partSchema+wholeSchema),
	refusedObject("allOf inline", "{"+words+", allOf: [{type: string, maxLength: 3}]}", ""),
	refusedObject("oneOf", "{"+words+", oneOf: [{$ref: '#/components/schemas/MPart'}, {$ref: '#/components/schemas/MWhole'}]}", partSchema+wholeSchema),
	refusedObject("anyOf", "{"+words+", anyOf: [{$ref: '#/components/schemas/MPart'}, {$ref: '#/components/schemas/MWhole'}]}", partSchema+wholeSchema),
	refusedObject("oneOf of a component", "{$ref: '#/components/schemas/MEither'}", partSchema+wholeSchema+"    MEither: {title: 或, description: Either., oneOf: [{$ref: '#/components/schemas/MPart'}, {$ref: '#/components/schemas/MWhole'}]}\n"),
	refusedProperty("not", "type: string, maxLength: 3, not: {enum: [a]}"),
	refusedProperty("inline object", "type: object, properties: {a: {title: 甲, description: A., type: boolean}}"),
	refusedObject("minProperties", "{$ref: '#/components/schemas/MFree'}", "    MFree: {title: 自由, description: Anything., type: object, additionalProperties: true, minProperties: 1}\n"),
	refusedObject("maxProperties", "{$ref: '#/components/schemas/MFree'}", "    MFree: {title: 自由, description: Anything., type: object, additionalProperties: true, maxProperties: 1}\n"),
	refusedObject("additionalProperties with a schema", "{$ref: '#/components/schemas/MFree'}", "    MFree: {title: 自由, description: Anything., type: object, additionalProperties: {type: string, maxLength: 3}}\n"),
	refusedObject("additionalProperties beside properties", "{$ref: '#/components/schemas/MFree'}", "    MFree: {title: 自由, description: Anything., type: object, additionalProperties: true, properties: {a: {title: 甲, description: A., type: boolean}}}\n"),
	refusedObject("discriminator", "{$ref: '#/components/schemas/MFree'}", "    MFree: {title: 自由, description: Anything., type: object, discriminator: {propertyName: a}, properties: {a: {title: 甲, description: A., type: string, maxLength: 3}}}\n"),
	refusedObject("required and not declared", "{$ref: '#/components/schemas/MFree'}", "    MFree: {title: 自由, description: Anything., type: object, required: [b], properties: {a: {title: 甲, description: A., type: boolean}}}\n"),

	// Names.
	named("validate", true), named("Validate", true), named("marshal_json", true), named("MarshalJSON", true), named("a-b", true), named("1a", true), named("名", true), named("a b", true), named("a.b", true), named("$a", true),
	named("check", false), named("query", false), named("plain", false), named("read", false), named("error", false), named("type", false), named("func", false), named("string", false), named("c", false), named("v", false), named("at", false), named("a_b", false), named("aB", false), named("id", false), named("url", false),
	{name: "two properties of one name", property: "{" + words + ", type: boolean}", called: "val_ue", refused: true},
	{name: "component in small letters", property: "{$ref: '#/components/schemas/part_M'}", refused: true, components: "    part_M: {title: 部分, description: A part., type: boolean}\n"},
	{name: "component of the client's name", property: "{$ref: '#/components/schemas/Client'}", refused: true, components: "    Client: {title: 部分, description: A part., type: boolean}\n"},
	{name: "component of a generated name", property: "{$ref: '#/components/schemas/CreateMParams'}", refused: true, components: "    CreateMParams: {title: 部分, description: A part., type: boolean}\n"},

	// Parameters.
	{name: "query string", parameter: "in: query, schema: {title: 值, type: string, minLength: 1, maxLength: 3}", good: []string{`"a b"`, `"费&="`}, wire: []string{"NAME=a+b", "NAME=%E8%B4%B9%26%3D"}, bad: []string{`""`, `"abcd"`}},
	{name: "query integer", parameter: "in: query, schema: {title: 值, type: integer, format: int64, minimum: 1, maximum: 5}", good: []string{"1", "5"}, wire: []string{"NAME=1", "NAME=5"}, bad: []string{"0", "6"}},
	{name: "query boolean", parameter: "in: query, schema: {title: 值, type: boolean}", good: []string{"true", "false"}, wire: []string{"NAME=true", "NAME=false"}},
	{name: "query enum", parameter: "in: query, schema: {title: 值, type: string, enum: [ONE, TWO]}", good: []string{`"ONE"`}, wire: []string{"NAME=ONE"}, bad: []string{`"THREE"`}},
	{name: "query named enum", parameter: "in: query, schema: {$ref: '#/components/schemas/MKind'}", components: "    MKind: {title: 类, description: A kind., type: string, enum: [ONE, TWO]}\n", good: []string{`"ONE"`}, wire: []string{"NAME=ONE"}, bad: []string{`"THREE"`}},
	{name: "query array", parameter: "in: query, schema: {title: 值, " + strings3 + "}", good: []string{`["a","b,c"]`}, wire: []string{"NAME=a&NAME=b%2Cc"}, bad: []string{`["abcd"]`, `["a","b","c","d"]`, `[""]`}},
	{name: "query array, form without explode", parameter: "in: query, style: form, explode: false, schema: {title: 值, " + strings3 + "}", good: []string{`["a","b c"]`}, wire: []string{"NAME=a,b+c"}, bad: []string{`["abcd"]`}, mangled: []string{`["b,c"]`}},
	{name: "query array, spaces", parameter: "in: query, style: spaceDelimited, explode: false, schema: {title: 值, " + strings3 + "}", good: []string{`["a","b,c"]`}, wire: []string{"NAME=a%20b%2Cc"}, bad: []string{`["abcd"]`}, mangled: []string{`["b c"]`}},
	{name: "query array, pipes", parameter: "in: query, style: pipeDelimited, explode: false, schema: {title: 值, " + strings3 + "}", good: []string{`["a","b,c"]`}, wire: []string{"NAME=a%7Cb%2Cc"}, bad: []string{`["abcd"]`}, mangled: []string{`["b|c"]`}},
	{name: "query array of integers", parameter: "in: query, explode: false, schema: {title: 值, type: array, minItems: 1, maxItems: 3, items: {type: integer, format: int64, minimum: 1, maximum: 5}}", good: []string{`[1,5]`}, wire: []string{"NAME=1,5"}, bad: []string{`[6]`}},
	{name: "query array of enums", parameter: "in: query, schema: {title: 值, type: array, minItems: 1, maxItems: 3, items: {$ref: '#/components/schemas/MKind'}}", components: "    MKind: {title: 类, description: A kind., type: string, enum: [ONE, TWO]}\n", good: []string{`["ONE","TWO"]`}, wire: []string{"NAME=ONE&NAME=TWO"}, bad: []string{`["THREE"]`}},
	{name: "query array of inline enums", parameter: "in: query, explode: false, schema: {title: 值, type: array, minItems: 1, maxItems: 3, items: {type: string, enum: [ONE, TWO]}}", good: []string{`["ONE","TWO"]`}, wire: []string{"NAME=ONE,TWO"}, bad: []string{`["THREE"]`}},
	{name: "query array of booleans", parameter: "in: query, schema: {title: 值, type: array, minItems: 1, maxItems: 3, items: {type: boolean}}", good: []string{`[true,false]`}, wire: []string{"NAME=true&NAME=false"}, bad: []string{`[true,true,true,true]`}},

	{name: "header string", parameter: "in: header, schema: {title: 值, type: string, minLength: 1, maxLength: 3}", good: []string{`"a,b"`, `"费费"`}, wire: []string{"a,b", "费费"}, bad: []string{`""`, `"abcd"`}, mangled: []string{`" a"`, `"a "`, `"a\n"`, `"\u0000"`}},
	{name: "header with a pattern", parameter: "in: header, schema: {title: 值, type: string, maxLength: 3, pattern: '^[a-z]+$'}", good: []string{`"abc"`}, wire: []string{"abc"}, bad: []string{`"ABC"`}},
	{name: "header integer", parameter: "in: header, schema: {title: 值, type: integer, format: int64, minimum: 1, maximum: 5}", good: []string{"5"}, wire: []string{"5"}, bad: []string{"0", "6"}},
	{name: "header boolean", parameter: "in: header, schema: {title: 值, type: boolean}", good: []string{"true", "false"}, wire: []string{"true", "false"}},
	{name: "header enum", parameter: "in: header, schema: {title: 值, type: string, enum: [ONE, TWO]}", good: []string{`"ONE"`}, wire: []string{"ONE"}, bad: []string{`"THREE"`}},
	{name: "header array", parameter: "in: header, schema: {title: 值, " + strings3 + "}", good: []string{`["a","b/c"]`}, wire: []string{"a,b/c"}, bad: []string{`["abcd"]`, `["a","b","c","d"]`}, mangled: []string{`["b,c"]`, `["a "]`}},
	{name: "header array of integers", parameter: "in: header, explode: true, schema: {title: 值, type: array, minItems: 1, maxItems: 3, items: {type: integer, format: int64, minimum: 1, maximum: 5}}", good: []string{`[1,5]`}, wire: []string{"1,5"}, bad: []string{`[6]`}},

	{name: "path string", path: true, parameter: "in: path, schema: {title: 值, type: string, minLength: 1, maxLength: 3, pattern: '^[a-z/ ]+$'}", good: []string{`"a"`, `"a/b"`}, wire: []string{"a", "a%2Fb"}, bad: []string{`""`, `"abcd"`, `"A"`}},
	{name: "path integer", path: true, parameter: "in: path, schema: {title: 值, type: integer, format: int64, minimum: 1, maximum: 5}", good: []string{"5"}, wire: []string{"5"}, bad: []string{"0", "6"}},
	{name: "path boolean", path: true, parameter: "in: path, schema: {title: 值, type: boolean}", good: []string{"true"}, wire: []string{"true"}},
	{name: "path enum", path: true, parameter: "in: path, schema: {title: 值, type: string, enum: [ONE, TWO]}", good: []string{`"ONE"`}, wire: []string{"ONE"}, bad: []string{`"THREE"`}},
	{name: "path array", path: true, parameter: "in: path, schema: {title: 值, type: array, minItems: 1, maxItems: 3, items: {type: string, minLength: 1, maxLength: 3, pattern: '^[a-z/]+$'}}", good: []string{`["a","b/c"]`}, wire: []string{"a,b%2Fc"}, bad: []string{`[]`, `["abcd"]`, `["A"]`}, mangled: []string{`["b,c"]`}},
	{name: "path array of integers", path: true, parameter: "in: path, style: simple, explode: true, schema: {title: 值, type: array, minItems: 1, maxItems: 3, items: {type: integer, format: int64, minimum: 1, maximum: 5}}", good: []string{`[1,5]`}, wire: []string{"1,5"}, bad: []string{`[6]`}},
	{name: "path array of booleans", path: true, parameter: "in: path, schema: {title: 值, type: array, minItems: 1, maxItems: 3, items: {type: boolean}}", good: []string{`[true,false]`}, wire: []string{"true,false"}},

	refusedParameter("cookie", "cookie", "schema: {title: 值, type: string, maxLength: 3}"),
	refusedParameter("query object", "query", "schema: {type: object, properties: {a: {title: 甲, description: A., type: boolean}}}"),
	{name: "query object by reference", parameter: "in: query, style: deepObject, explode: true, schema: {$ref: '#/components/schemas/MPart'}", components: partSchema, refused: true},
	{name: "header object by reference", parameter: "in: header, schema: {$ref: '#/components/schemas/MPart'}", components: partSchema, refused: true},
	refusedParameter("query content", "query", "content: {application/json: {schema: {title: 值, type: string, maxLength: 3}}}"),
	refusedParameter("query number", "query", "schema: {title: 值, type: number}"),
	refusedParameter("query time", "query", "schema: {title: 值, type: string, format: date-time}"),
	refusedParameter("query date", "query", "schema: {title: 值, type: string, format: date, maxLength: 10}"),
	refusedParameter("query nullable", "query", "schema: {title: 值, type: string, maxLength: 3, nullable: true}"),
	refusedParameter("query int32", "query", "schema: {title: 值, type: integer, format: int32, minimum: 0}"),
	refusedParameter("query multipleOf", "query", "schema: {title: 值, type: integer, format: int64, minimum: 0, multipleOf: 2}"),
	refusedParameter("query allowReserved", "query", "allowReserved: true, schema: {title: 值, type: string, maxLength: 3}"),
	refusedParameter("query allowEmptyValue", "query", "allowEmptyValue: true, schema: {title: 值, type: string, maxLength: 3}"),
	refusedParameter("query array of arrays", "query", "schema: {title: 值, type: array, minItems: 1, maxItems: 3, items: {"+strings3+"}}"),
	refusedParameter("query array of times", "query", "schema: {title: 值, type: array, minItems: 1, maxItems: 3, items: {type: string, format: date-time}}"),
	refusedParameter("query array that may be empty", "query", "schema: {title: 值, type: array, minItems: 0, maxItems: 3, items: {type: boolean}}"),
	refusedParameter("query array of unique items", "query", "schema: {title: 值, "+strings3+", uniqueItems: true}"),
	refusedParameter("query spaces with explode", "query", "style: spaceDelimited, explode: true, schema: {title: 值, "+strings3+"}"),
	refusedParameter("query pipes without explode", "query", "style: pipeDelimited, schema: {title: 值, "+strings3+"}"),
	refusedParameter("query spaces of a scalar", "query", "style: spaceDelimited, schema: {title: 值, type: string, maxLength: 3}"),
	refusedParameter("query deepObject", "query", "style: deepObject, schema: {title: 值, "+strings3+"}"),
	refusedParameter("query allOf", "query", "schema: {title: 值, allOf: [{type: string, maxLength: 3}]}"),
	refusedParameter("header form", "header", "style: form, schema: {title: 值, "+strings3+"}"),
	refusedParameter("path label", "path", "style: label, schema: {title: 值, type: string, maxLength: 3, pattern: '^[a-z]+$'}"),
	refusedParameter("path matrix", "path", "style: matrix, explode: true, schema: {title: 值, "+strings3+"}"),
	parameter("query", "validate", true), parameter("query", "a-b", true), parameter("query", "a[]", true), parameter("query", "val_ue", true),
	parameter("query", "check", false), parameter("query", "query", false), parameter("query", "header", false), parameter("query", "error", false), parameter("query", "type", false), parameter("query", "pageSize", false), parameter("query", "out_order_no", false),
	parameter("header", "Content-Type", true), parameter("header", "accept", true), parameter("header", "Authorization", true), parameter("header", "Host", true), parameter("header", "Validate", true), parameter("header", "X_Y", true), parameter("header", "Val-ue", true),
	parameter("header", "X-Trace-Id", false), parameter("header", "Check", false), parameter("header", "Wechatpay-Serial", false),
	parameter("path", "url", true), parameter("path", "err", true), parameter("path", "ctx", true), parameter("path", "c", true), parameter("path", "body", true), parameter("path", "params", true), parameter("path", "editors", true), parameter("path", "limits", true), parameter("path", "info", true), parameter("path", "target", true), parameter("path", "strings", true), parameter("path", "limit", true), parameter("path", "fmt", true), parameter("path", "http", true), parameter("path", "call", true), parameter("path", "error", true), parameter("path", "string", true), parameter("path", "nil", true),
	parameter("path", "id", false), parameter("path", "type", false), parameter("path", "func", false), parameter("path", "out_order_no", false), parameter("path", "validate", false), parameter("path", "query", false), parameter("path", "r", true), parameter("path", "w", true), parameter("path", "siw", true), parameter("path", "request", true), parameter("path", "handler", true), parameter("path", "response", true), parameter("path", "p", false),

	// Operations.
	{name: "servers of an operation", operation: "      servers: [{url: 'https://other.example'}]\n", refused: true},
	{name: "optional body", operation: "      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/MBody'}, example: {a: true}}}}\n", components: bodySchema, refused: true},
	{name: "body of text", operation: "      requestBody: {required: true, content: {text/plain: {schema: {title: 值, description: A., type: string, maxLength: 3}, example: a}}}\n", refused: true},
	{name: "body of a form", operation: "      requestBody: {required: true, content: {application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/MBody'}, example: {a: true}}}}\n", components: bodySchema, refused: true},
	{name: "body of two kinds", operation: "      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/MBody'}, example: {a: true}}, application/xml: {schema: {$ref: '#/components/schemas/MBody'}, example: {a: true}}}}\n", components: bodySchema, refused: true},
	{name: "body without schema", operation: "      requestBody: {required: true, content: {application/json: {example: {a: true}}}}\n", refused: true},
}

const (
	wholeSchema = "    MWhole: {title: 整体, description: A whole., allOf: [{$ref: '#/components/schemas/MPart'}, {type: object, properties: {more: {title: 更多, description: More., type: integer, format: int64, minimum: 0, maximum: 5}}}]}\n"
	bodySchema  = "    MBody: {title: 体, description: A body., type: object, properties: {a: {title: 甲, description: A., type: boolean}}}\n"
)
