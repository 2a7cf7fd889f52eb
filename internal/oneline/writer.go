package oneline

import (
	"bytes"
	"io"
)

// Writer writes text to a terminal or a log, each line after Escape. It keeps a
// line until it ends: call Flush in the end. It is not safe for concurrent use.
type Writer struct {
	to   io.Writer
	line []byte // begun and not ended
}

// NewWriter returns a Writer that writes to another one.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Write implements io.Writer. The error is that of the other writer.
func (w *Writer) Write(p []byte) (int, error) {
	end := bytes.LastIndexByte(p, '\n') + 1
	if end == 0 {
		w.line = append(w.line, p...)
		return len(p), nil
	}
	var out []byte
	for line := range bytes.Lines(append(w.line, p[:end]...)) {
		out = append(append(out, Escape(string(line[:len(line)-1]))...), '\n')
	}
	w.line = append(w.line[:0], p[end:]...)
	if _, err := w.to.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes a line that has not ended.
func (w *Writer) Flush() error {
	rest := Escape(string(w.line))
	w.line = nil
	_, err := io.WriteString(w.to, rest)
	return err
}
