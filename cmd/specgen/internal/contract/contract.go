// Package contract reads the OpenAPI contract as a tree of YAML nodes, which
// keep their order and their lines: what is derived from the contract has the
// order of the contract, and what is wrong with it is told by file and line.
package contract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What keeps [Parse] from reading a file as one mapping, besides broken YAML.
var (
	ErrEmpty      = errors.New("the file is empty")
	ErrNotMapping = errors.New("the file is not a YAML mapping: an OpenAPI document starts with \"openapi: 3.0.3\"")
	ErrTooDeep    = fmt.Errorf("the file is nested more than %d levels deep", maxDepth)
	ErrTwoFiles   = errors.New("the file holds more than one YAML document: keep all of it in one")
)

// Parse gives the mapping that a file of YAML or JSON consists of.
func Parse(data []byte) (*yaml.Node, error) {
	var node yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&node); errors.Is(err, io.EOF) {
		return nil, ErrEmpty
	} else if err != nil {
		return nil, err
	}
	if err := Last(dec); err != nil {
		return nil, err
	}
	var root *yaml.Node
	if len(node.Content) > 0 {
		root = Deref(node.Content[0])
	}
	if !IsMapping(root) {
		return nil, ErrNotMapping
	}
	if tooDeep(root, maxDepth) {
		return nil, ErrTooDeep
	}
	return root, nil
}

// Last reports a document that follows the one that dec has read. A reader of
// the first alone would drop it without a word.
func Last(dec *yaml.Decoder) error {
	var second yaml.Node
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("line %d: %w", second.Line, ErrTwoFiles)
}

// maxDepth is far more than a contract needs; the time that kin-openapi takes
// grows with the cube of the depth.
const maxDepth = 200

func tooDeep(n *yaml.Node, levels int) bool {
	return levels == 0 || slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return tooDeep(c, levels-1) })
}

// A Document is a contract with the name of its file, for errors.
type Document struct {
	File string
	Root *yaml.Node
}

// Read reads a contract from a file.
func Read(file string) (*Document, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return New(file, data)
}

// New reads a contract from data; file only labels errors.
func New(file string, data []byte) (*Document, error) {
	root, err := Parse(data)
	if err != nil {
		return nil, Broken(file, err)
	}
	return &Document{file, root}, nil
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors: )?line (\d+): `)

// Broken puts the line of an error of the YAML reader, if it has one, where
// editors look for it.
func Broken(file string, err error) error {
	if line, text := Position(err); line > 0 {
		return &lineError{fmt.Sprintf("%s:%d: %s", file, line, text), err}
	}
	return fmt.Errorf("%s: %w", file, err)
}

// Position splits the text of an error of the YAML reader into the line, or 0,
// and the rest, on one line.
func Position(err error) (line int, text string) {
	text = OneLine(err.Error())
	m := yamlLine.FindStringSubmatch(text)
	if m == nil {
		return 0, text
	}
	line, _ = strconv.Atoi(m[1])
	return line, strings.TrimPrefix(text, m[0])
}

type lineError struct {
	text string
	err  error
}

func (e *lineError) Error() string { return e.text }
func (e *lineError) Unwrap() error { return e.err }

// Errorf gives an error that starts with the file and the line of a node.
func (d *Document) Errorf(at *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", d.File, at.Line, fmt.Errorf(format, args...))
}

// Find gives the node that a local reference points to, or nil.
func (d *Document) Find(ref string) *yaml.Node { return Find(d.Root, ref) }

// Resolve follows references to the node they mean, or gives nil.
func (d *Document) Resolve(n *yaml.Node) *yaml.Node {
	for range 100 {
		ref := String(n, "$ref")
		if ref == "" {
			return n
		}
		n = d.Find(ref)
	}
	return nil
}

// An Operation is what one method of one path does. That of a callback has
// the expression for the URL as its path.
type Operation struct {
	Method, Path string
	ID           string
	Key, Node    *yaml.Node
	Callbacks    []Callback
}

// A Callback is a named set of calls that WeChat Pay makes.
type Callback struct {
	Name       string
	Operations []Operation
}

// Methods are the keys of a path item that hold operations.
var Methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// Operations gives the operations of all paths in the order of the file.
func (d *Document) Operations() []Operation { return d.operations(Get(d.Root, "paths")) }

func (d *Document) operations(paths *yaml.Node) []Operation {
	var out []Operation
	for path, item := range Entries(paths) {
		for method, node := range Entries(item) {
			if !slices.Contains(Methods, method.Value) || !IsMapping(node) {
				continue
			}
			op := Operation{Method: strings.ToUpper(method.Value), Path: path.Value, ID: String(node, "operationId"), Key: method, Node: node}
			for name, callback := range Entries(Get(node, "callbacks")) {
				op.Callbacks = append(op.Callbacks, Callback{name.Value, d.operations(d.Resolve(callback))})
			}
			out = append(out, op)
		}
	}
	return out
}

// CallbackOperations gives each operation of a callback once, however many
// operations refer to it, in the order of the file.
func (d *Document) CallbackOperations() []Operation {
	var out []Operation
	seen := map[*yaml.Node]bool{}
	for _, op := range d.Operations() {
		for _, c := range op.Callbacks {
			for _, o := range c.Operations {
				if !seen[o.Node] {
					seen[o.Node] = true
					out = append(out, o)
				}
			}
		}
	}
	return out
}

// The extensions of WeChat Pay that the contract has.
const (
	StagesKey       = "x-wechatpay-order-stages"  // at the root and on operations
	ErrorsKey       = "x-wechatpay-errors"        // at the root, by code
	ErrorNumbersKey = "x-wechatpay-error-numbers" // at the root, by number
	ResourcesKey    = "x-wechatpay-resources"     // on operations of callbacks, by event type
	ReentryKey      = "x-wechatpay-reentry"       // on operations that change something
	TextKey         = "x-wechatpay-text"          // at the root: what a text of a request may hold
	UnprintedKey    = "x-wechatpay-unprinted"     // on schemas: the limits that no official page prints
)

// Retries are the values of retry in the error tables.
var Retries = []string{"never", "same-parameters", "after-query", "later"}

// IsExtension tells the keys that the standard leaves to the author.
func IsExtension(key string) bool { return strings.HasPrefix(key, "x-") }

// Find gives the node that a local reference points to, or nil.
func Find(root *yaml.Node, ref string) *yaml.Node {
	n := root
	for _, token := range Pointer(ref) {
		if n = StepInto(n, token); n == nil {
			return nil
		}
	}
	return n
}

// StepInto gives the value of a key or of an index, or nil.
func StepInto(n *yaml.Node, token string) *yaml.Node {
	if list := Items(n); list != nil {
		i, err := strconv.Atoi(token)
		if err != nil || i < 0 || i >= len(list) {
			return nil
		}
		return list[i]
	}
	return Get(n, token)
}

var unescaped = strings.NewReplacer("~1", "/", "~0", "~")

// Pointer splits the fragment of a local reference. The token it gives for a
// reference to another file is one that no mapping has.
func Pointer(ref string) []string {
	fragment, local := strings.CutPrefix(ref, "#/")
	if !local {
		return []string{"\x00"}
	}
	tokens := strings.Split(fragment, "/")
	for i, t := range tokens {
		if plain, err := url.PathUnescape(t); err == nil {
			t = plain
		}
		tokens[i] = unescaped.Replace(t)
	}
	return tokens
}
