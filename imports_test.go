package payscore_test

import (
	"os/exec"
	"strings"
	"testing"
)

// A library that talks to one host must not bring a tool chain along.
func TestImportersStayLight(t *testing.T) {
	const most = 5
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}",
		"./gen/payscore", "./gen/catalog", "./auth", "./transport", "./apierror", "./serviceorder", "./limit", "./notify").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	var foreign []string
	for _, pkg := range strings.Fields(string(out)) {
		if strings.Contains(pkg, "kin-openapi") {
			t.Errorf("importers compile %s", pkg)
		}
		if !strings.HasPrefix(pkg, "github.com/wxpayscore/payscore") {
			foreign = append(foreign, pkg)
		}
	}
	t.Logf("%d packages from outside: %v", len(foreign), foreign)
	if len(foreign) > most {
		t.Errorf("importers compile %d packages from outside, at most %d: %v", len(foreign), most, foreign)
	}
}
