package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// startPrism serves the contract on a free loopback port, with requests
// checked. What it returns stops it and gives what it said.
func startPrism(ctx context.Context, cli string, contract []byte) (url string, stop func() string, err error) {
	dir, err := os.MkdirTemp("", "payscore-prism-")
	if err != nil {
		return "", nil, err
	}
	file := filepath.Join(dir, "openapi.yaml")
	quiet, err := withoutCallbacks(contract)
	if err == nil {
		err = os.WriteFile(file, quiet, 0o600)
	}
	var port string
	if err == nil {
		port, err = freePort(ctx)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", nil, err
	}

	ctx, cancel := context.WithCancel(ctx)
	said := &log{}
	cmd := exec.CommandContext(ctx, "node", cli, "mock", "--host", "127.0.0.1", "--port", port,
		"--errors", "--multiprocess", "false", file)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		cancel()
		_ = os.RemoveAll(dir)
		return "", nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	stop = func() string {
		cancel()
		<-ended
		_ = os.RemoveAll(dir)
		return said.String()
	}
	if err := waitFor(ctx, "127.0.0.1:"+port, ended); err != nil {
		return "", nil, fmt.Errorf("%w\n%s", err, stop())
	}
	return "http://127.0.0.1:" + port, stop, nil
}

// withoutCallbacks takes the notifications out: Prism would really send one
// to the notify_url of each request, which in an example is somebody's host.
func withoutCallbacks(contract []byte) ([]byte, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(contract, &doc); err != nil {
		return nil, err
	}
	paths, _ := doc["paths"].(map[string]any)
	for _, item := range paths {
		operations, _ := item.(map[string]any)
		for _, operation := range operations {
			if fields, ok := operation.(map[string]any); ok {
				delete(fields, "callbacks")
			}
		}
	}
	return yaml.Marshal(doc)
}

func freePort(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return strconv.Itoa(port), listener.Close()
}

func waitFor(ctx context.Context, addr string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ended:
			return errors.New("prism ended before it listened")
		case <-ctx.Done():
			return errors.New("prism did not listen within a minute")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// log is a buffer that a process may write to while it is read.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
