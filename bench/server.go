package bench

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

// Server is the answerer, in a process of its own.
type Server struct {
	Plain, TLS  string // URLs
	Certificate string // file to trust, by SSL_CERT_FILE

	stdin io.Closer
	cmd   *exec.Cmd
}

// StartServer builds the answerer into a directory and starts it with the keys
// of another. The working directory is that of this package.
func StartServer(ctx context.Context, keysDir, dir string) (*Server, error) {
	program := filepath.Join(dir, "answerer")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./answerer").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("bench: build the answerer: %w: %s", err, out)
	}
	s := &Server{cmd: exec.CommandContext(ctx, program, keysDir, dir)}
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
	for _, line := range []*string{&s.Plain, &s.TLS, &s.Certificate} {
		if !lines.Scan() {
			s.Stop()
			return nil, errors.New("bench: the answerer did not start")
		}
		*line = lines.Text()
	}
	return s, nil
}

// Stop ends it and waits for that.
func (s *Server) Stop() {
	_ = s.stdin.Close()
	_ = s.cmd.Wait()
}
