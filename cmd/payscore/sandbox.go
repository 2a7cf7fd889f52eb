package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/wxpayscore/payscore/sandbox"
)

type sandboxCommand struct {
	Addr           string `default:"127.0.0.1:8129" placeholder:"HOST:PORT" help:"Where to listen; port 0 takes a free one. Default ${default}."`
	Keys           string `default:"payscore-sandbox" type:"path" placeholder:"DIR" help:"Directory of the keys, made when it is not there and used again when it is. Default ${default}."`
	Data           string `type:"path" placeholder:"FILE" help:"Keep orders and notifications in a file, over the end of the process. Default: in memory."`
	TimeScale      int    `default:"1" placeholder:"N" help:"Let the time of orders and notifications run N times as fast, so that a day of repeats passes in seconds."`
	Untidy         bool   `help:"Send some notifications with a wrong signature first, twice, or late, as happens on the real net."`
	NotifyRemote   bool   `help:"Send notifications to other machines than this one, too."`
	LenientAmounts bool   `help:"Take totals that break the formula, as the example on WeChat Pay's page does."`
}

// Help is shown by payscore sandbox --help.
func (sandboxCommand) Help() string {
	return `Examples:
  payscore sandbox
  payscore sandbox --addr 127.0.0.1:0 --keys /tmp/keys --lenient-amounts
  payscore sandbox --data orders.db --time-scale 3600 --untidy

It starts with one order, 1234323JKHDFE1243252, completed at 500.00 yuan and waiting
for payment. Point a client of any language at base_url of DIR/sandbox.json, which
holds the ids too, and give it
  apiclient_key.pem         the merchant's private key
  apiclient_cert.pem        the merchant's API certificate
  wechatpay_public_key.pem  WeChat Pay's public key, to verify answers
  platform_cert.pem         WeChat Pay's platform certificate, for answers to
                            requests that ask for its serial`
}

// Run serves until ctx ends.
func (c *sandboxCommand) Run(ctx context.Context, s *streams) error {
	// Before the keys: those of a sandbox that runs already stay as they are.
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return inputError{err}
	}
	url := "http://" + listener.Addr().String()
	box, err := c.open(url)
	if err != nil {
		_ = listener.Close()
		return err
	}
	if s.json {
		b, _ := json.Marshal(map[string]string{"listening": url, "keys": c.Keys})
		s.printf("%s\n", b)
	} else {
		s.printf("keys in %s\norder %s waiting for payment of %s\nlistening on %s\n", c.Keys, seedOutOrderNo, yuan(seedTotal), url)
	}
	return errors.Join(serve(ctx, listener, box), box.Close())
}

// open makes a sandbox with the keys of the directory.
func (c *sandboxCommand) open(url string) (*sandbox.Sandbox, error) {
	credentials, err := sandbox.OpenCredentials(c.Keys)
	if err != nil {
		return nil, inputError{err}
	}
	opts := []sandbox.Option{sandbox.WithCredentials(credentials), sandbox.WithTimeScale(c.TimeScale)}
	if c.Data != "" {
		opts = append(opts, sandbox.WithData(c.Data))
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
	box, err := sandbox.Open(opts...)
	if err != nil {
		return nil, inputError{err}
	}
	// A data file has it from the start before.
	if _, there := box.Order(credentials.Account().SubMchID, seedOutOrderNo); !there {
		_, err = box.Seed(seedOutOrderNo, seedTotal)
	}
	if err == nil {
		err = credentials.WriteAccount(c.Keys, url)
	}
	if err != nil {
		_ = box.Close()
		return nil, err
	}
	return box, nil
}

// patience is for the calls under way when the sandbox is stopped.
const patience = 2 * time.Second

// serve ends without an error when ctx does.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       8 * time.Second, // as the real one
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		wait, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		// A request that never ends would keep Shutdown waiting.
		if server.Shutdown(wait) != nil {
			_ = server.Close()
		}
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-stopped
	return nil
}

// startSandbox points the connection at a sandbox in this process. What it
// returns stops it.
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
	// Nothing that points at a real host may be left in force.
	m.connection = connection{Keys: dir, BaseURL: "http://" + listener.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = serve(ctx, listener, box)
	}()
	return func() {
		cancel()
		<-done
		_ = os.RemoveAll(dir)
	}, nil
}
