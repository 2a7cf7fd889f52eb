package diff

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Side is what the user asked to compare: a file, a revision of a
// repository, or its work tree.
type Side struct {
	Document
	// Dir is the root of the repository, or "" for a plain file: without one
	// there are no Go packages to compare.
	Dir string
	// Commit is the revision, or "" for the work tree.
	Commit string
}

// ErrNotFound says that an argument is neither a file nor a git revision.
var ErrNotFound = errors.New("neither a file nor a git revision")

// Find reads a side. The argument is a file, or a revision of the repository
// that dir is in, or "" for its work tree; path is the contract's path from
// the root of the repository. A file wins over a revision of the same name.
func Find(ctx context.Context, dir, arg, path string) (Side, error) {
	if arg == "" {
		return WorkTree(ctx, dir, path)
	}
	file := arg
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
		data, err := os.ReadFile(file)
		if err != nil {
			return Side{}, err
		}
		return Side{Document: Document{Name: arg, Data: data}}, nil
	}
	return Revision(ctx, dir, arg, path)
}

// WorkTree reads the contract as it lies in the repository of dir.
func WorkTree(ctx context.Context, dir, path string) (Side, error) {
	root, err := repository(ctx, dir)
	if err != nil {
		return Side{}, err
	}
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		return Side{}, err
	}
	return Side{Document: Document{Name: path, Data: data}, Dir: root}, nil
}

// Revision reads the contract as it was at a commit, tag or branch.
func Revision(ctx context.Context, dir, revision, path string) (Side, error) {
	root, err := repository(ctx, dir)
	if err != nil {
		return Side{}, fmt.Errorf("%s: no such file, and no git revision: %w", revision, err)
	}
	commit, err := git(ctx, root, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return Side{}, fmt.Errorf("%s: %w", revision, ErrNotFound)
	}
	sha := strings.TrimSpace(string(commit))
	data, err := git(ctx, root, "cat-file", "blob", sha+":"+filepath.ToSlash(path))
	if err != nil {
		return Side{}, fmt.Errorf("%s has no %s", revision, path)
	}
	return Side{Document: Document{Name: revision + ":" + path, Data: data}, Dir: root, Commit: sha}, nil
}

func repository(ctx context.Context, dir string) (string, error) {
	out, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(out), "\n"), nil
}

func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if said := oneLine(stderr.String()); said != "" {
			return nil, errors.New(said)
		}
		return nil, fmt.Errorf("git %s: %w", args[0], err)
	}
	return out, nil
}
