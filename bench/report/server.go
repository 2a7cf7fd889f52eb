package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// keysDir has the keys of both sides.
const keysDir = "../api/vectors"

// server is the answerer, in a process of its own.
type server struct {
	plain, tls, certificate string

	stdin io.Closer
	cmd   *exec.Cmd
}

func startServer(ctx context.Context, dir string) (*server, error) {
	program := filepath.Join(dir, "answerer")
	if err := command(ctx, "go", "build", "-o", program, "./answerer"); err != nil {
		return nil, err
	}
	s := &server{cmd: exec.CommandContext(ctx, program, keysDir, dir)}
	s.cmd.Stderr = os.Stderr
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.stdin = stdin
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stdout)
	for _, line := range []*string{&s.plain, &s.tls, &s.certificate} {
		if !lines.Scan() {
			return nil, errors.New("the answerer did not start")
		}
		*line = lines.Text()
	}
	return s, nil
}

func (s *server) stop() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait()
}

// command runs a program and gives what it said when it fails.
func command(ctx context.Context, name string, args ...string) error {
	_, err := output(ctx, nil, name, args...)
	return err
}

// output runs a program with more environment and returns what it printed.
func output(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %v: %w: %s", filepath.Base(name), args, err, out)
	}
	return string(out), nil
}
