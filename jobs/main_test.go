package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/jobs"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/transport"
)

// A test that kills workers runs this binary as one.
func TestMain(m *testing.M) {
	if os.Getenv("JOBS_TEST_DATABASE") == "" {
		os.Exit(m.Run())
	}
	if err := workUntilKilled(); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func workUntilKilled() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	keys := os.Getenv("JOBS_TEST_KEYS")
	mchid := os.Getenv("JOBS_TEST_MCHID")
	signer, err := auth.LoadSigner(mchid, os.Getenv("JOBS_TEST_SERIAL"), filepath.Join(keys, sandbox.MerchantKeyFile))
	if err != nil {
		return err
	}
	key, err := auth.LoadPublicKey(os.Getenv("JOBS_TEST_PUBLIC_KEY_ID"), filepath.Join(keys, sandbox.PublicKeyFile))
	if err != nil {
		return err
	}
	verifier, err := auth.NewVerifier(key)
	if err != nil {
		return err
	}
	client, err := payscore.New(os.Getenv("JOBS_TEST_URL"), payscore.WithRequestEditorFn(signer.Sign), payscore.WithHTTPClient(transport.New(signer, verifier)))
	if err != nil {
		return err
	}
	timeout, err := time.ParseDuration(os.Getenv("JOBS_TEST_TIMEOUT"))
	if err != nil {
		return err
	}
	for {
		err := func() error {
			db, err := jobs.Open(ctx, os.Getenv("JOBS_TEST_DATABASE"))
			if err != nil {
				return err
			}
			defer db.Close()
			worker, err := jobs.NewWorker(db, jobs.WithMerchant(mchid, client), jobs.WithTimeout(timeout), jobs.WithPause(100*time.Millisecond),
				jobs.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 1}))))
			if err != nil {
				return err
			}
			return worker.Run(ctx)
		}()
		if ctx.Err() != nil || err == nil {
			return nil
		}
		time.Sleep(200 * time.Millisecond) // the database is away
	}
}

// workerProcess starts a worker of its own.
func workerProcess(t *testing.T, box *sandbox.Server, keys, database string, timeout time.Duration) *exec.Cmd {
	t.Helper()
	account := box.Credentials().Account()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "JOBS_TEST_DATABASE="+database, "JOBS_TEST_KEYS="+keys, "JOBS_TEST_URL="+box.URL, "JOBS_TEST_MCHID="+account.MchID,
		"JOBS_TEST_SERIAL="+account.SerialNo, "JOBS_TEST_PUBLIC_KEY_ID="+account.PublicKeyID, "JOBS_TEST_TIMEOUT="+timeout.String())
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// sizeOf returns the number that a variable has, or else usual.
func sizeOf(t *testing.T, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}
