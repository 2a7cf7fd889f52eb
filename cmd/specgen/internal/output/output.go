// Package output writes what specgen derives, or checks that it is there.
package output

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A File is one derived file. The name is relative to the repository and has
// slashes.
type File struct {
	Name string
	Data []byte
}

// Write writes the files that differ and gives their names, so that a run
// without a change touches nothing.
func Write(dir string, files []File) ([]string, error) {
	stale, err := Stale(dir, files)
	if err != nil {
		return nil, err
	}
	data := map[string][]byte{}
	for _, f := range files {
		data[f.Name] = f.Data
	}
	for _, name := range stale {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
			return nil, err
		}
		if err := os.WriteFile(at, data[name], 0o666); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return stale, nil
}

// Stale gives the names of files that are missing or differ.
func Stale(dir string, files []File) ([]string, error) {
	var out []string
	for _, f := range files {
		was, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err != nil || !bytes.Equal(was, f.Data) {
			out = append(out, f.Name)
		}
	}
	return out, nil
}
