package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// programs make one call and end, see the folder cold.
var programs = []string{"empty", "floor", "payscore", "wechatpaygo", "gopay"}

func (r *report) coldStart(ctx context.Context) error {
	sizes, packages := map[string]int64{}, map[string]int{}
	for _, p := range programs {
		file := filepath.Join(r.dir, p)
		if _, err := output(ctx, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "./cold/"+p); err != nil {
			return err
		}
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		sizes[p] = info.Size()
		list, err := output(ctx, nil, "go", "list", "-deps", "./cold/"+p)
		if err != nil {
			return err
		}
		packages[p] = strings.Count(list, "\n")
	}
	took := map[string]figures{}
	// Shuffled, since one that comes after a small program starts faster.
	order := rand.New(rand.NewPCG(1, 2))
	for range r.starts {
		for _, i := range order.Perm(len(programs)) {
			p := programs[i]
			cmd := exec.CommandContext(ctx, filepath.Join(r.dir, p), keysDir, r.server.Plain)
			start := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				return &exec.Error{Name: p + ": " + string(out), Err: err}
			}
			took[p] = append(took[p], float64(time.Since(start)))
		}
	}
	r.printf("### Cold start, binary, packages\n\nStart the program, load keys, one verified call, end: %d times each, in random order. Stripped binary; packages compiled, with those of Go itself.\n\n", r.starts)
	r.printf("| | median | over the floor | lowest | binary | over the floor | packages |\n|---|---|---|---|---|---|---|\n")
	for _, p := range programs {
		name := p
		if p == "payscore" {
			name = "**payscore**"
		}
		low, _ := took[p].spread()
		r.printf("| %s | %s | %+.2f ms | %s | %.2f MB | %+.3f MB | %d |\n", name, micro(took[p].median()),
			(took[p].median()-took["floor"].median())/1e6, micro(low), float64(sizes[p])/1e6, float64(sizes[p]-sizes["floor"])/1e6, packages[p])
	}
	r.printf("\n")
	return nil
}
