package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

type sandboxCommand struct {
	Addr           string          `default:"127.0.0.1:8129" placeholder:"HOST:PORT" help:"Where to listen; port 0 takes a free one. Default ${default}."`
	AllowRemote    bool            `help:"Listen on an address that other machines reach. Whoever reaches it can do all that the sandbox can."`
	HTTPSProxy     string          `name:"https-proxy" placeholder:"HOST:PORT" help:"Also be an HTTPS proxy there, for clients with a hard-coded host: it leads WeChat Pay's hosts to the sandbox, and refuses all others. Clients trust ca_cert.pem of DIR."`
	TLS            bool            `name:"tls" help:"Serve https in place of http, with a certificate for localhost, 127.0.0.1 and ::1. Clients trust ca_cert.pem of DIR."`
	Keys           string          `default:"payscore-sandbox" type:"path" placeholder:"DIR" help:"Directory of the keys, made when it is not there and used again when it is. Default ${default}."`
	Data           string          `type:"path" placeholder:"FILE" help:"Keep orders and notifications in a file, over the end of the process. Default: in memory."`
	Journal        string          `type:"path" placeholder:"FILE" help:"Append all that happens to a file, an object of JSON a line, with the first 8 KiB of each body."`
	JournalSize    int64           `default:"64" placeholder:"MIB" help:"Begin the file of --journal anew at this size; FILE.1 has what came before, and older entries are dropped. Default ${default} MiB."`
	TimeScale      int             `default:"1" placeholder:"N" help:"Let the time of orders and notifications run N times as fast, so that a day of repeats passes in seconds."`
	Untidy         bool            `help:"Send some notifications with a wrong signature first, twice, or late, as happens on the real net."`
	NotifyRemote   bool            `help:"Send notifications to other machines than this one, too."`
	LenientAmounts bool            `help:"Take totals that break the formula, as the example on WeChat Pay's page does, and a modification to the amount that the order has already."`
	KeyMode        sandbox.KeyMode `default:"migration" placeholder:"MODE" help:"Which of WeChat Pay's keys the merchant has: migration (both; the public key signs for requests that name it), public-key or platform-certificate. Default ${default}."`
	Scenario       string          `type:"existingfile" placeholder:"FILE" help:"Orders to begin with, and what happens to them when, instead of the one order; see examples/scenario.yaml."`
	AdminHost      []string        `placeholder:"NAME" help:"Host name, besides loopback, under which the console and its API answer, such as that of a container."`
	StrictBindings bool            `help:"Refuse a sub-merchant, app or service that is not the sandbox's own."`
	StrictTimes    bool            `help:"Refuse planned times of an order that do not lie ahead of the call."`

	journal *journalFile
}

// Help is shown by payscore sandbox --help.
func (sandboxCommand) Help() string {
	return `Examples:
  payscore sandbox
  payscore sandbox --addr 127.0.0.1:0 --keys /tmp/keys --lenient-amounts
  payscore sandbox --scenario scenario.yaml
  payscore sandbox --data orders.db --time-scale 3600 --untidy

It starts with one order, 1234323JKHDFE1243252, completed at 500.00 yuan and waiting
for payment. Point a client of any language at base_url of DIR/sandbox.json, which
holds the ids too, and give it
  apiclient_key.pem         the merchant's private key
  apiclient_cert.pem        the merchant's API certificate
  wechatpay_public_key.pem  WeChat Pay's public key, for answers to requests
                            that name it in Wechatpay-Serial
  platform_cert.pem         its platform certificate, for all other answers
  ca_cert.pem               what a client of --https-proxy or --tls trusts

The console is at /_sandbox/ in a browser on the same machine: orders and their life,
what the user would do in WeChat, faults, time, and why a signature does not verify.
All of it is an HTTP API, too: /_sandbox/api/openapi.yaml.

What to point where in other languages, and how to sign with curl and openssl alone:
https://github.com/wxpayscore/payscore/blob/main/docs/sandbox.md`
}

// Run serves until ctx is done.
func (c *sandboxCommand) Run(ctx context.Context, s *streams) error {
	// Before the keys, so that those of a running sandbox stay as they are.
	at, err := c.listen()
	if err != nil {
		return inputError{err}
	}
	url := baseURL(at[0].Listener, at[0].tls)
	var opts []sandbox.Option
	for _, l := range at {
		opts = append(opts, sandbox.WithListener(l.Listener))
	}
	box, err := c.open(s, url, opts...)
	if err != nil {
		closeAll(at)
		return err
	}
	if c.journal != nil {
		defer func() { _ = c.journal.close() }() // after the sandbox
	}
	ready := map[string]string{"listening": url, "keys": c.Keys}
	if len(at) > 1 {
		ready["https_proxy"] = baseURL(at[1].Listener, false)
	}
	if s.json {
		b, _ := json.Marshal(ready)
		s.printf("%s\n", b)
		return errors.Join(serve(ctx, box, at...), box.Close())
	}
	s.printf("keys in %s\n", c.Keys)
	c.printSeed(s, box)
	if len(at) > 1 {
		s.printf("https proxy on %s for WeChat Pay's hosts; trust %s\n", ready["https_proxy"], filepath.Join(c.Keys, sandbox.AuthorityCertFile))
	}
	s.printf("console on %s/_sandbox/\nlistening on %s\n", url, url)
	return errors.Join(serve(ctx, box, at...), box.Close())
}

// served is a listener, and whether TLS is spoken there.
type served struct {
	net.Listener
	tls bool
}

func closeAll(at []served) {
	for _, l := range at {
		_ = l.Close()
	}
}

// listen opens the address, and then that of the proxy.
func (c *sandboxCommand) listen() ([]served, error) {
	main, err := c.listenAt(c.Addr)
	if err != nil || c.HTTPSProxy == "" {
		return []served{{main, c.TLS}}, err
	}
	proxy, err := c.listenAt(c.HTTPSProxy)
	if err != nil {
		_ = main.Close()
		return nil, fmt.Errorf("--https-proxy: %w", err)
	}
	return []served{{main, c.TLS}, {sandbox.NewProxyListener(proxy), true}}, nil
}

// listenAt rejects non-loopback addresses unless --allow-remote is set.
func (c *sandboxCommand) listenAt(at string) (net.Listener, error) {
	addr, err := net.ResolveTCPAddr("tcp", at)
	if err != nil {
		return nil, err
	}
	if !c.AllowRemote && !addr.IP.IsLoopback() {
		return nil, fmt.Errorf("%s can be reached from other machines: take 127.0.0.1, or say --allow-remote", at)
	}
	return net.ListenTCP("tcp", addr)
}

// baseURL returns the URL of the listener for a client on this machine. The listener
// may listen on all addresses.
func baseURL(listener net.Listener, tls bool) string {
	addr := listener.Addr().String()
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	if tls {
		return "https://" + addr
	}
	return "http://" + addr
}

// printSeed prints the state of the seeded order, which a data file may have from an
// earlier run.
func (c *sandboxCommand) printSeed(s *streams, box *sandbox.Sandbox) {
	seeded, ok := box.Order(box.Credentials().Account().SubMchID, seedOutOrderNo)
	switch {
	case c.Scenario != "" || !ok:
	case seeded.Stage == "USER_PAYING":
		s.printf("order %s waiting for payment of %s\n", seedOutOrderNo, yuan(*seeded.Entity.TotalAmount))
	default:
		s.printf("order %s is %s\n", seedOutOrderNo, seeded.Stage)
	}
}

// open makes a sandbox with the keys of the directory.
func (c *sandboxCommand) open(s *streams, url string, opts ...sandbox.Option) (*sandbox.Sandbox, error) {
	journalSize, err := journalBytes(c.JournalSize) // before keys are made
	if err != nil && c.Journal != "" {
		return nil, inputError{err}
	}
	credentials, err := sandbox.OpenCredentials(c.Keys)
	if err != nil {
		return nil, inputError{err}
	}
	opts = append(opts, sandbox.WithCredentials(credentials), sandbox.WithAdminHosts(c.AdminHost...), sandbox.WithTimeScale(c.TimeScale))
	if c.Data != "" {
		opts = append(opts, sandbox.WithData(c.Data))
	}
	if c.Journal != "" {
		ended := func(err error) { s.warn("--journal: %v: nothing more is written to it", err) }
		if c.journal, err = openJournal(c.Journal, journalSize, ended); err != nil {
			return nil, inputError{err}
		}
		opts = append(opts, sandbox.WithJournal(c.journal))
	}
	if c.Untidy {
		opts = append(opts, sandbox.WithNotificationTraffic(sandbox.NotificationTraffic{Probes: 10, Duplicates: 5, Late: 5}))
	}
	if c.NotifyRemote {
		opts = append(opts, sandbox.WithRemoteNotifications())
	}
	if c.LenientAmounts {
		opts = append(opts, sandbox.WithLenientAmounts())
	}
	if c.StrictTimes {
		opts = append(opts, sandbox.WithStrictTimes())
	}
	opts = append(opts, sandbox.WithKeyMode(c.KeyMode))
	if c.StrictBindings {
		opts = append(opts, sandbox.WithStrictBindings())
	}
	begin, err := c.beginning()
	if err != nil {
		return nil, inputError{err}
	}
	box, err := sandbox.Open(append(opts, sandbox.WithBeginning(begin))...)
	if err != nil {
		return nil, inputError{err}
	}
	if other := servedElsewhere(c.Keys, url); other != "" {
		s.warn("something answers at %s, which %s named so far: clients that read the file come here now. Give each sandbox its own --keys",
			other, filepath.Join(c.Keys, sandbox.AccountFile))
	}
	if err := credentials.WriteAccount(c.Keys, url); err != nil {
		_ = box.Close()
		return nil, err
	}
	return box, nil
}

// servedElsewhere returns the base URL that a directory of keys has from another
// sandbox, if that one still runs.
func servedElsewhere(keys, url string) string {
	file, err := readConfig(filepath.Join(keys, sandbox.AccountFile))
	if err != nil || file.BaseURL == "" || file.BaseURL == url {
		return ""
	}
	_, address, _ := strings.Cut(file.BaseURL, "://")
	conn, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
	if err != nil {
		return ""
	}
	_ = conn.Close()
	return file.BaseURL
}

// beginning adds the scenario or, unless a data file has orders already, the first
// order.
func (c *sandboxCommand) beginning() (func(*sandbox.Sandbox) error, error) {
	if c.Scenario == "" {
		return func(box *sandbox.Sandbox) error {
			if there, _ := box.Orders("", "", 1); len(there) > 0 {
				return nil
			}
			_, err := box.Seed(seedOutOrderNo, seedTotal)
			return err
		}, nil
	}
	file, err := os.Open(c.Scenario)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	scenario, err := sandbox.ReadScenario(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Scenario, err)
	}
	return func(box *sandbox.Sandbox) error {
		if err := box.Play(scenario); err != nil {
			return fmt.Errorf("%s: %w", c.Scenario, err)
		}
		return nil
	}, nil
}

// shutdownTimeout bounds the calls under way when the sandbox is stopped.
const shutdownTimeout = 2 * time.Second

// serve serves until ctx is done, and then returns nil.
func serve(ctx context.Context, box *sandbox.Sandbox, at ...served) error {
	server := sandbox.NewHTTPServer(box)
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		wait, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		// Shutdown waits for a request that never ends.
		if server.Shutdown(wait) != nil {
			_ = server.Close()
		}
	})
	defer stop()
	ended := make(chan error, len(at))
	for _, l := range at {
		go func() {
			if l.tls {
				ended <- server.ServeTLS(l.Listener, "", "")
			} else {
				ended <- server.Serve(l.Listener)
			}
		}()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		_ = server.Close()
		return err
	}
	<-stopped
	return nil
}

// startSandbox points the connection at a sandbox in this process. The function that
// it returns stops the sandbox.
func (m *modifyCommand) startSandbox(outOrderNo string, total int64) (stop func(), err error) {
	box, err := sandbox.Open()
	if err != nil {
		return nil, err
	}
	if _, err := box.Seed(outOrderNo, total); err != nil {
		return nil, inputError{err}
	}
	dir, err := os.MkdirTemp("", "payscore-sandbox-")
	if err != nil {
		return nil, err
	}
	credentials, listener := box.Credentials(), net.Listener(nil)
	err = credentials.Save(dir)
	if err == nil {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err == nil {
		err = credentials.WriteAccount(dir, "http://"+listener.Addr().String())
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	// No setting of a real host may remain.
	m.connection = connection{Keys: dir, BaseURL: "http://" + listener.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = serve(ctx, box, served{listener, false})
	}()
	return func() {
		cancel()
		<-done
		_ = os.RemoveAll(dir)
	}, nil
}
