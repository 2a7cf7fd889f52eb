// Command leaks runs a command, in CI the whole test suite, and fails when
// anything that it prints, an error, a log or a panic, holds a secret:
//
//	go run ./internal/leaks go test -v ./...
//
// When it fails, all output is shown, and at the end once more the failed tests
// with the lines of each.
//
// It knows the private keys of api/vectors, test keys, signatures, and the word
// that tests plant in what must never be printed.
package main

import (
	"bufio"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	os.Exit(run(os.Args[1:], "api/vectors", os.Stdout))
}

// planted is the word for bodies, values of fields and plaintexts.
const planted = "MARKER"

// A marker is text that must not be printed, and what it gives away.
type marker struct {
	what string
	text *regexp.Regexp
}

// markers are those of any test, and those of the private keys in dir.
func markers(dir string) ([]marker, error) {
	all := []marker{
		{"a body", regexp.MustCompile(planted)},
		// Keys of tests begin like this, but for the one that stands for an old key.
		{"an APIv2 or APIv3 key", regexp.MustCompile(`TestOnly[-0-9A-Za-z!]{8}|OldKey!!|(?i:546573744f6e6c79)`)},
		{"an Authorization value", regexp.MustCompile(`WECHATPAY2-SHA256-RSA2048 .*mchid=.*signature=\\*"[0-9A-Za-z+/]{8}`)},
		{"a signature", regexp.MustCompile(`[0-9A-Za-z+/]{342}==`)},
		{"a private key", regexp.MustCompile(`-----BEGIN ([A-Z]+ )?PRIVATE KEY-----(\\r|\\n|\s|$)`)},
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return nil, err
	}
	keys := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(data)
		if block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		keys++
		encoded := pem.EncodeToMemory(block)
		for i, line := range strings.Split(string(encoded), "\n") {
			// The first lines are the same in each key, the public half is no secret.
			if i < 10 || len(line) < 40 || strings.HasPrefix(line, "-----") {
				continue
			}
			all = append(all, marker{"the key of " + filepath.Base(file), regexp.MustCompile(regexp.QuoteMeta(line[8:40]))})
		}
	}
	if keys == 0 {
		return nil, errors.New("no private key in " + dir)
	}
	return all, nil
}

// run returns the exit code of the command, or 1 when it leaks. A line that leaks
// is never shown.
func run(command []string, dir string, out io.Writer) int {
	if len(command) == 0 {
		fmt.Fprintln(out, "leaks: which command?")
		return 2
	}
	secrets, err := markers(dir)
	if err != nil {
		fmt.Fprintln(out, "leaks:", err)
		return 2
	}
	cmd := exec.Command(command[0], command[1:]...)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		fmt.Fprintln(out, "leaks:", err)
		return 2
	}
	cmd.Stderr = cmd.Stdout // the same pipe
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(out, "leaks:", err)
		return 2
	}
	found := 0
	var lines []string
	for r := bufio.NewReader(pipe); ; {
		line, err := r.ReadString('\n')
		if line != "" {
			if what := leak(secrets, line); what != "" {
				found++
				line = fmt.Sprintf("leaks: line %d is not shown, it holds %s\n", len(lines)+1, what)
			}
			lines = append(lines, line)
			if summary.MatchString(line) {
				io.WriteString(out, line)
			}
		}
		if err != nil {
			break
		}
	}
	code := 0
	if err := cmd.Wait(); err != nil {
		code = 1
		if exit := new(exec.ExitError); errors.As(err, &exit) && exit.ExitCode() > 0 {
			code = exit.ExitCode()
		}
	}
	if code != 0 || found > 0 {
		for _, line := range lines {
			io.WriteString(out, line)
		}
	}
	fmt.Fprintf(out, "leaks: %d lines read, %d hold a secret\n", len(lines), found)
	if code != 0 || found > 0 {
		writeFailures(out, failures(lines))
	}
	if found > 0 && code == 0 {
		return 1
	}
	return code
}

// summary is what go test says without -v.
var summary = regexp.MustCompile(`^(ok|FAIL|\?)[ \t]`)

func leak(secrets []marker, line string) string {
	for _, m := range secrets {
		if m.text.MatchString(line) {
			return m.what
		}
	}
	return ""
}
