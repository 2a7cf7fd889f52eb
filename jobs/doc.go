// Package jobs lowers many orders, keeps notifications, and settles unknown outcomes,
// each as jobs of River (https://riverqueue.com) in a database: SQLite in a file for one
// machine, PostgreSQL for several. What is in the database survives the end of the
// program.
//
//	db, err := jobs.Open(ctx, "corrections.db") // or postgres://...
//	err = db.Add(ctx, "december", mchid, corrections, jobs.RunOptions{Rate: 50})
//	err = db.Look(ctx, "december", client, nil) // what each order comes to now
//	err = db.Start(ctx, "december")
//	worker, err := jobs.NewWorker(db, jobs.WithMerchant(mchid, client))
//	err = worker.Run(ctx)
//
// A job that was begun before looks at its order before it sends anything: a
// restart is an unknown outcome.
package jobs
