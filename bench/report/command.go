package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// keysDir has the keys of both sides.
const keysDir = "../api/vectors"

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
