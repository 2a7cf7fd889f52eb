package jobs_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wxpayscore/payscore/gen/payscore"
	"github.com/wxpayscore/payscore/jobs"
	"github.com/wxpayscore/payscore/sandbox"
	"github.com/wxpayscore/payscore/serviceorder"
)

// BenchmarkCorrections lowers orders on the sandbox: a bare loop of as many goroutines,
// which queries and modifies, and the same as jobs.
func BenchmarkCorrections(b *testing.B) {
	const n = 1000
	seed := func(b *testing.B) (*sandbox.Server, []jobs.Correction) {
		box := sandbox.New(b)
		list := corrections(box, n, 39900)
		for _, c := range list {
			if _, err := box.Seed(c.OutOrderNo, 50000); err != nil {
				b.Fatal(err)
			}
		}
		return box, list
	}
	b.Run("bare", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			box, list := seed(b)
			client := box.Client()
			b.StartTimer()
			next := make(chan jobs.Correction)
			var group sync.WaitGroup
			for range jobs.DefaultConcurrency {
				group.Go(func() {
					for c := range next {
						var body payscore.ModifyPartnerServiceOrderRequest
						if err := json.Unmarshal(c.Body, &body); err != nil {
							b.Error(err)
						}
						now, err := client.QueryPartnerServiceOrder(b.Context(), payscore.QueryPartnerServiceOrderParams{SubMchID: c.SubMchID, OutOrderNo: &c.OutOrderNo})
						if err != nil {
							b.Error(err)
							continue
						}
						if _, err := serviceorder.Modify(b.Context(), client, c.OutOrderNo, body, serviceorder.WithTotalBefore(*now.TotalAmount)); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for _, c := range list {
				next <- c
			}
			close(next)
			group.Wait()
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "orders/s")
	})
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		b.Run(engine, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				box, list := seed(b)
				database := filepath.Join(b.TempDir(), "jobs.db")
				if engine == "PostgreSQL" {
					database, _ = startPostgres(b)
				}
				db := openDatabase(b, database)
				mchid := box.Credentials().Account().MchID
				if err := db.Add(b.Context(), "run", mchid, slices.Values(list), jobs.RunOptions{}); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := db.Start(b.Context(), "run"); err != nil {
					b.Fatal(err)
				}
				stop := work(b, db, jobs.WithMerchant(mchid, box.Client()))
				for {
					p, err := db.Progress(b.Context(), "run")
					if err != nil {
						b.Fatal(err)
					}
					if p.Left() == 0 {
						break
					}
					time.Sleep(20 * time.Millisecond)
				}
				b.StopTimer()
				stop()
				b.StartTimer()
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}
