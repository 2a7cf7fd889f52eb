package build

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wxpayscore/payscore/cmd/specgen/internal/contract"
)

// The sections that follow the operations. Their names are addresses, and
// stay as they are.
const (
	errorsTag = "error-catalogue"
	stagesTag = "order-stages"
	eventsTag = "notifications"
)

type section struct{ name, title, markdown string }

// sections gives those for which the contract has something to say.
func sections(d *contract.Document) ([]section, error) {
	var out []section
	events := events(d)
	if len(events) > 0 {
		out = append(out, section{eventsTag, "通知 Notifications", eventsSection(events)})
	}
	stages, err := stagesSection(d)
	if err != nil {
		return nil, err
	}
	if stages != "" {
		out = append(out, section{stagesTag, "订单状态 Order stages", stages})
	}
	catalogue, err := errorsSection(d)
	if err != nil {
		return nil, err
	}
	if catalogue != "" {
		out = append(out, section{errorsTag, "错误 Errors", catalogue})
	}
	return out, nil
}

// cell makes a text fit into one cell of a Markdown table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(safe(strings.TrimSpace(s)))
}

// twoLines is how a cell shows both languages.
func twoLines(zh, en string) string {
	if zh == "" || en == "" {
		return cell(zh + en)
	}
	return cell(zh) + "<br>" + cell(en)
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}

func row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

func header(cells ...string) string {
	return "\n\n" + row(cells...) + row(slices.Repeat([]string{"---"}, len(cells))...)
}

// mark says what happens to an order in a stage; a short one leaves the reason
// of a refusal to the operation.
func mark(t *contract.StageTable, stage string, short bool) string {
	if slices.Contains(t.Creates, stage) {
		return "＋ 创建 creates"
	}
	if slices.Contains(t.Allowed, stage) {
		out := "✓"
		if after := t.Becomes; after != "" && after != stage {
			out += " → " + code(after)
		}
		if zero := t.BecomesAtZero; zero != "" {
			out += "<br>0 分 fen → " + code(zero)
		}
		return out
	}
	if r, refused := t.Refusals[stage]; refused {
		if short {
			return fmt.Sprintf("✗ %d", r.Status)
		}
		out := fmt.Sprintf("✗ %d %s", r.Status, code(r.Code))
		if r.Number != 0 {
			out += fmt.Sprintf("<br>%d", r.Number)
		}
		return out
	}
	return "–"
}

// stagesOf gives the part of an operation's description about the stages.
func stagesOf(stages []contract.Stage, t *contract.StageTable) string {
	if t == nil {
		return ""
	}
	out := "\n\n**订单状态 Order stages**" + header("状态 Stage", "结果 Outcome", "消息 Message")
	for _, s := range stages {
		if len(t.Creates) > 0 && !slices.Contains(t.Creates, s.Name) {
			continue
		}
		out += row(code(s.Name)+" "+cell(s.Title), mark(t, s.Name, false), cell(t.Refusals[s.Name].Message))
	}
	return out
}

func stagesSection(d *contract.Document) (string, error) {
	stages, err := d.Stages()
	if err != nil || len(stages) == 0 {
		return "", err
	}
	out := "订单状态由三个字段共同决定。An order's stage is told by three fields together." +
		header("状态 Stage", "`state`", "`state_description`", "`collection.state`", "含义 Meaning", "终态 Final")
	for _, s := range stages {
		final := ""
		if s.Final {
			final = "是 yes"
		}
		out += row(code(s.Name), code(s.State), code(s.StateDescription), code(s.CollectionState), twoLines(s.Title, s.Description), final)
	}
	heads := []string{"接口 Operation"}
	for _, s := range stages {
		heads = append(heads, code(s.Name)+"<br>"+cell(s.Title))
	}
	out += "\n\n✓ 允许 allowed, → 之后的状态 stage after, ✗ 拒绝，错误见各接口 refused, with the error that the operation tells" + header(heads...)
	for _, op := range d.Operations() {
		t, err := d.StageTable(op)
		if err != nil {
			return "", err
		}
		if t == nil {
			continue
		}
		cells := []string{twoLines(contract.String(op.Node, "summary"), op.ID)}
		for _, s := range stages {
			cells = append(cells, mark(t, s.Name, true))
		}
		out += row(cells...)
	}
	return out + "\n", nil
}

var (
	sameWords = map[string]string{
		"same-answer": "成功，不再执行 succeeds, and changes nothing",
		"refused":     "已执行过则被拒绝 refused, if the first call was carried out",
		"unknown":     "未知 unknown",
	}
	otherWords = map[string]string{
		"refused":           "被拒绝 refused",
		"another-operation": "是另一次操作 another operation",
		"unknown":           "未知 unknown",
	}
)

// reentryOf gives the part of an operation's description about a call that is
// sent again.
func reentryOf(r *contract.Reentry) string {
	if r == nil {
		return ""
	}
	out := "\n\n**重入 Re-entry**" + header("参数 Parameters", "结果 Outcome") + row("相同 the same", sameWords[r.Same])
	other := otherWords[r.Other]
	if refusal := r.Refusal; refusal != nil {
		other += fmt.Sprintf(" %d %s", refusal.Status, code(refusal.Code))
		if refusal.Number != 0 {
			other += fmt.Sprintf(" %d", refusal.Number)
		}
		other += "<br>" + cell(refusal.Message)
	}
	out += row("不同 others", other)
	if remedy := twoLines(r.Remedy.ZH, r.Remedy.EN); remedy != "" {
		out += row("处理 What to do", remedy)
	}
	if r.Note != "" {
		out += row("说明 Note", cell(r.Note))
	}
	for _, s := range r.Sources {
		out += row("来源 Source", fmt.Sprintf("%s (%s): %s %s", cell(s.Title), cell(s.Date), cell(s.Says), cell(s.URL)))
	}
	return out
}

var retryWords = map[string]string{
	"never":           "不要重试<br>never",
	"same-parameters": "可用相同参数重试<br>with the same parameters",
	"after-query":     "先查询<br>after a query",
	"later":           "稍后重试<br>later",
}

func errorsSection(d *contract.Document) (string, error) {
	codes, err := d.ErrorCodes()
	if err != nil {
		return "", err
	}
	numbers, err := d.ErrorNumbers()
	if err != nil {
		return "", err
	}
	out := ""
	if len(codes) > 0 {
		out += "错误码在应答的 `code` 字段。The code is the field `code` of the answer." +
			header("错误码 Code", "HTTP", "含义 Meaning", "处理 What to do", "重试 Retry")
		for _, c := range codes {
			status := fmt.Sprint(c.Status)
			if len(c.Unsigned) > 0 {
				status += "<br>无签名 unsigned"
			}
			out += row(code(c.Code), status, twoLines(c.Meaning.ZH, c.Meaning.EN), twoLines(c.Remedy.ZH, c.Remedy.EN), retryWords[c.Retry])
		}
	}
	if len(numbers) > 0 {
		out += "\n\n错误编号在 `Request-ID` 的末尾。The number is at the end of `Request-ID`." +
			header("编号 Number", "错误码 Code", "消息 Message", "含义 Meaning", "处理 What to do", "重试 Retry")
		for _, n := range numbers {
			out += row(fmt.Sprint(n.Number), code(n.Code), cell(n.Message), twoLines(n.Meaning.ZH, n.Meaning.EN), twoLines(n.Remedy.ZH, n.Remedy.EN), retryWords[n.Retry])
		}
	}
	return out, nil
}

// errorsOf lists the refusals that an operation's responses give as examples.
func errorsOf(d *contract.Document, op contract.Operation) string {
	out := ""
	for status, r := range contract.Entries(contract.Get(op.Node, "responses")) {
		if status.Value < "400" {
			continue
		}
		for _, media := range contract.Entries(contract.Get(d.Resolve(r), "content")) {
			for _, e := range examples(d, media) {
				out += row(cell(status.Value), code(contract.String(e.value, "code")), cell(contract.String(e.value, "message")), cell(e.summary))
			}
		}
	}
	if out == "" {
		return ""
	}
	return "\n\n**错误 Errors**" + header("HTTP", "错误码 Code", "消息 Message", "何时 When") + out
}

type example struct {
	summary string
	value   *yaml.Node
}

func examples(d *contract.Document, media *yaml.Node) []example {
	var out []example
	if v := contract.Get(media, "example"); v != nil {
		out = append(out, example{"", v})
	}
	for _, e := range contract.Entries(contract.Get(media, "examples")) {
		e = d.Resolve(e)
		out = append(out, example{contract.String(e, "summary"), contract.Get(e, "value")})
	}
	return out
}

// An event is a type of notification with the schema of what it carries.
type event struct{ name, title, operation, ref string }

func events(d *contract.Document) []event {
	var out []event
	for _, op := range d.CallbackOperations() {
		for name, resource := range contract.Entries(contract.Get(op.Node, contract.ResourcesKey)) {
			ref := contract.String(resource, "$ref")
			title := contract.OneLine(contract.String(d.Find(ref), "title") + " " + contract.String(d.Find(ref), "description"))
			out = append(out, event{name.Value, title, op.ID, ref})
		}
	}
	return out
}

func eventsOf(d *contract.Document, op contract.Operation) string {
	table := contract.Get(op.Node, contract.ResourcesKey)
	if table == nil {
		return ""
	}
	out := "\n\n**事件 Events**" + header("`event_type`", "解密后的内容 Resource when decrypted")
	for name, resource := range contract.Entries(table) {
		ref := contract.String(resource, "$ref")
		out += row(code(name.Value), cell(contract.String(d.Find(ref), "title"))+" "+code(ref[strings.LastIndex(ref, "/")+1:]))
	}
	return out
}

// schemaRef is a reference that an element can name.
var schemaRef = regexp.MustCompile(`^#/components/schemas/[0-9A-Za-z._-]+$`)

func eventsSection(events []event) string {
	out := "通知的内容经过加密。以下是解密后的内容。Notifications are encrypted; this is what they carry."
	for _, e := range events {
		out += fmt.Sprintf("\n\n### %s\n\n%s\n", cell(e.name), safe(e.title))
		if schemaRef.MatchString(e.ref) {
			out += fmt.Sprintf("\n<SchemaDefinition schemaRef=%q showReadOnly={true} showWriteOnly={true} />\n", e.ref)
		}
	}
	return out
}
