package payscoreotel_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/wxpayscore/payscore/gen/payscore"
	payscoreotel "github.com/wxpayscore/payscore/otel"
)

func Example() {
	spans := tracetest.NewInMemoryExporter() // an exporter of yours
	provider := trace.NewTracerProvider(trace.WithSyncer(spans))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer{status: http.StatusNoContent}.write(w, r)
	}))
	defer server.Close() // payscore.DefaultServer in earnest

	sender, err := payscoreotel.New(payscoreotel.Providers{Tracer: provider}, signer(), verifier())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	client, err := payscore.New(server.URL, payscore.WithHTTPClient(sender))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	err = client.PayPartnerServiceOrder(context.Background(), "1234323JKHDFE1243252", payscore.PayPartnerServiceOrderRequest{
		SubMchID: "1900000109",
	})

	span := spans.GetSpans()[0]
	fmt.Println(err, span.Name, len(span.Events))
	// Output: <nil> payPartnerServiceOrder 1
}
