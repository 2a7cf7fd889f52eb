package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/apierror"
	"github.com/wxpayscore/payscore/auth"
)

// What a server saw, told beside what was signed.
func TestDiffSignedAgainstAServer(t *testing.T) {
	b := newBox(t)
	b.seed("A|B", 50000)
	const target = orders + "/A%7CB/modify"
	body := asJSON(modification(39900))
	message := func(method, url, body, end string) string {
		return method + "\n" + url + "\nTIMESTAMP\nNONCE\n" + body + end
	}
	for name, tc := range map[string]struct{ signed, want string }{
		"path as it was written": {message("POST", orders+"/A|B/modify", body, "\n"), "the server saw %7C where you signed |"},
		"host signed":            {message("POST", "https://host.example"+target, body, "\n"), "you signed scheme and host too"},
		"no line feed":           {message("POST", target, body, ""), "line feed at its end"},
		"body changed":           {message("POST", target, body[:len(body)-1]+" }", "\n"), "line 5, the body"},
		"method":                 {message("GET", target, body, "\n"), "line 1, the method"},
		"another key":            {message("POST", target, body, "\n"), "the key may not be the one of the serial_no"},
	} {
		t.Run(name, func(t *testing.T) {
			timestamp := time.Now()
			const nonce = "593BEC0C930BF1AFEB40B4A08C8FB240"
			req := b.unsigned("POST", target, body)
			// Any signature over something else will do.
			value := must(b.signer().Authorization("PUT", "/", timestamp, nonce, nil))
			req.Header.Set("Authorization", value)
			a := must(auth.ParseAuthorization(value))
			signed := strings.NewReplacer("TIMESTAMP", a.Timestamp, "NONCE", a.Nonce).Replace(tc.signed)

			got := b.do(req)
			refused := apierror.New(&http.Response{StatusCode: got.Status, Header: got.Header}, []byte(got.Body))
			if refused.Code != string(apierror.SignError) {
				t.Fatal(refused)
			}
			if diff := refused.DiffSigned([]byte(signed)); !strings.Contains(diff, tc.want) {
				t.Errorf("got  %s\nwant %s", diff, tc.want)
			}
		})
	}
}
