package jobs_test

import (
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// startPostgres starts a PostgreSQL for the test, and returns its URL and what
// restarts it. Without the program the test is skipped, unless REQUIRE_POSTGRES is set.
func startPostgres(t testing.TB) (url string, restart func()) {
	t.Helper()
	bin := postgresPrograms()
	if bin == "" {
		if os.Getenv("REQUIRE_POSTGRES") != "" {
			t.Fatal("there is no initdb, and REQUIRE_POSTGRES is set")
		}
		t.Skip("there is no initdb of PostgreSQL; Debian has it in postgresql")
	}
	// Not t.TempDir, which another user does not reach.
	dir, err := os.MkdirTemp("", "payscore-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	attr := new(syscall.SysProcAttr)
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	_ = listener.Close()
	run := func(program string, args ...string) {
		t.Helper()
		cmd := exec.Command(filepath.Join(bin, program), args...)
		cmd.SysProcAttr, cmd.Dir = attr, dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", program, err, out)
		}
	}
	data := filepath.Join(dir, "data")
	run("initdb", "-D", data, "-U", "payscore", "--auth=trust", "--no-sync")
	server := []string{"-D", data, "-w", "-l", filepath.Join(dir, "log"), "-o", "-p " + port + " -c listen_addresses=127.0.0.1 -c unix_socket_directories=" + dir}
	run("pg_ctl", append(server, "start")...)
	t.Cleanup(func() { run("pg_ctl", "-D", data, "-m", "immediate", "stop") })
	return "postgres://payscore@127.0.0.1:" + port + "/postgres?sslmode=disable", func() {
		run("pg_ctl", append(server, "-m", "fast", "restart")...)
	}
}

// postgresPrograms returns the directory of the newest initdb.
func postgresPrograms() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}
