package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"github.com/wxpayscore/payscore/auth"
	"github.com/wxpayscore/payscore/internal/oneline"
)

type signCommand struct {
	Method            string `arg:"" help:"GET, POST, ..."`
	URL               string `arg:"" name:"url" help:"The URL, or its path and query."`
	Body              string `short:"b" placeholder:"FILE" help:"What is sent as the body, byte for byte; - for standard input."`
	Timestamp         int64  `placeholder:"SECONDS" help:"Unix seconds, to repeat a signature (default: now)."`
	Nonce             string `placeholder:"TEXT" help:"The nonce, to repeat a signature (default: random)."`
	ShowAuthorization bool   `help:"Print the Authorization header. Whoever has it can send this request for 5 minutes."`
	connection        `group:"Connection"`
}

// Help is shown by payscore sign --help.
func (signCommand) Help() string {
	return `Nothing is sent. Examples:
  payscore sign GET '/v3/certificates?algorithm_type=RSA' --keys DIR
  payscore sign POST /v3/payscore/partner/serviceorder/1/modify -b body.json \
    --mchid 1900000001 --serial-no 5157F0... --key-file apiclient_key.pem`
}

// signReport is what --json prints.
type signReport struct {
	Method        string `json:"method"`
	RequestTarget string `json:"request_target"`
	Timestamp     string `json:"timestamp"`
	Nonce         string `json:"nonce_str"`
	MchID         string `json:"mchid"`
	SerialNo      string `json:"serial_no"`
	Message       string `json:"message"`
	MessageLength int    `json:"message_length"`
	Authorization string `json:"authorization,omitempty"`
}

func (c *signCommand) Run(ctx context.Context, s *streams, k *kong.Context) error {
	if err := c.fill(given(k)); err != nil {
		return inputError{err}
	}
	var opts []auth.SignerOption
	flags := given(k)
	if flags["timestamp"] {
		if c.Timestamp < 0 {
			return inputError{errors.New("--timestamp is negative")}
		}
		opts = append(opts, auth.WithClock(func() time.Time { return time.Unix(c.Timestamp, 0) }))
	}
	if flags["nonce"] {
		opts = append(opts, auth.WithNonce(func() (string, error) { return c.Nonce, nil }))
	}
	signer, err := c.signer(opts...)
	if err != nil {
		return inputError{err}
	}
	content, err := c.content(s)
	if err != nil {
		return inputError{err}
	}
	target, err := c.target()
	if err != nil {
		return inputError{err}
	}
	req, err := http.NewRequestWithContext(ctx, strings.ToUpper(c.Method), target, bytes.NewReader(content))
	if err != nil {
		return inputError{err}
	}
	if err := signer.Sign(ctx, req); err != nil {
		return inputError{err}
	}
	value := req.Header.Get("Authorization")
	a, err := auth.ParseAuthorization(value)
	if err != nil {
		return err
	}
	message := auth.RequestMessage(req.Method, req.URL.RequestURI(), a.Timestamp, a.Nonce, content)
	report := signReport{
		Method: req.Method, RequestTarget: req.URL.RequestURI(), Timestamp: a.Timestamp, Nonce: a.Nonce,
		MchID: a.MchID, SerialNo: a.SerialNo, Message: string(message), MessageLength: len(message),
	}
	if c.ShowAuthorization {
		report.Authorization = value
	}
	if !strings.HasSuffix(c.URL, report.RequestTarget) {
		s.warn("an HTTP client sends this URL as %s, and that is what is signed", report.RequestTarget)
	}
	if s.json {
		return s.object(report)
	}
	s.row("mchid", "%s", report.MchID)
	s.row("serial_no", "%s", report.SerialNo)
	s.printf("\n")
	s.section(fmt.Sprintf("Message of %d bytes; <LF> stands for one line feed", len(message)))
	s.message(message)
	if c.ShowAuthorization {
		// In one piece, to be copied.
		s.printf("\nAuthorization: %s\n", value)
	}
	return nil
}

func (c *signCommand) content(s *streams) ([]byte, error) {
	if c.Body == "" {
		return nil, nil
	}
	name, content, err := readInput(c.Body, s.in)
	if err == nil && !utf8.Valid(content) {
		err = fmt.Errorf("%s: not UTF-8, which WeChat Pay asks for", name)
	}
	return content, err
}

// target returns the URL. Its host does not matter, since it is not signed.
func (c *signCommand) target() (string, error) {
	target := c.URL
	if strings.HasPrefix(target, "/") {
		target = strings.TrimSuffix(c.BaseURL, "/") + target
	}
	u, err := url.Parse(target)
	switch {
	case err != nil:
		if parse, ok := errors.AsType[*url.Error](err); ok {
			err = parse.Err
		}
		return "", fmt.Errorf("the URL: %w", err)
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "":
		return "", errors.New("the URL starts neither with / nor with https://")
	case u.Fragment != "":
		return "", errors.New("the URL has a fragment (#), which is never sent")
	}
	return target, nil
}

// message prints a signed message with each byte visible: for each line its number,
// its length with the line feed, and its text.
func (s *streams) message(message []byte) {
	for i, line := range bytes.SplitAfterN(message, []byte("\n"), 5) {
		if i == 4 && len(line) == 0 {
			break
		}
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		shown := visible(string(text))
		if ended {
			shown += "<LF>"
		}
		s.row(fmt.Sprintf("%d %9d B", i+1, len(line)), "%s", shown)
	}
}

// visible escapes invisible characters and doubles backslashes.
func visible(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case !unicode.IsPrint(r), oneline.Escape(string(r)) != string(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
		text = text[size:]
	}
	return b.String()
}
