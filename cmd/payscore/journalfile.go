package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
)

// journalFile is the file of --journal. When it reaches its maximum size, it is
// renamed to FILE.1, in place of an older one, and a new file begins. A file that
// is not a regular one, such as a pipe, a terminal or a link, is never renamed.
type journalFile struct {
	name    string
	max     int64       // bytes
	ended   func(error) // called once, when writing fails
	mu      sync.Mutex  // close may come while a request is under way
	size    int64
	rotates bool
	file    *os.File
}

// journalBytes returns the size of --journal-size in bytes.
func journalBytes(mib int64) (int64, error) {
	if mib < 1 || mib > math.MaxInt64>>20 {
		return 0, fmt.Errorf("--journal-size is not in 1 to %d MiB", int64(math.MaxInt64>>20))
	}
	return mib << 20, nil
}

func openJournal(name string, limit int64, ended func(error)) (*journalFile, error) {
	j := &journalFile{name: name, max: limit, ended: ended}
	if err := j.open(); err != nil {
		return nil, err
	}
	return j, nil
}

func (j *journalFile) open() (err error) {
	if j.file, err = os.OpenFile(j.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	info, err := os.Lstat(j.name)
	if err != nil {
		return errors.Join(err, j.file.Close())
	}
	j.size, j.rotates = info.Size(), info.Mode().IsRegular()
	return nil
}

// Write appends one entry. After an error the sandbox writes no more.
func (j *journalFile) Write(entry []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, err := j.write(entry)
	if err != nil && j.ended != nil {
		j.ended(err)
		j.ended = nil
	}
	return n, err
}

func (j *journalFile) write(entry []byte) (int, error) {
	if j.rotates && j.size > 0 && j.size+int64(len(entry)) > j.max {
		if err := j.rotate(); err != nil {
			return 0, fmt.Errorf("begin the journal anew: %w", err)
		}
	}
	n, err := j.file.Write(entry)
	j.size += int64(n)
	return n, err
}

func (j *journalFile) rotate() error {
	// Closed first, or Windows would not rename it.
	if err := errors.Join(j.file.Close(), os.Rename(j.name, j.name+".1")); err != nil {
		return err
	}
	return j.open()
}

func (j *journalFile) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = nil
	return j.file.Close()
}
