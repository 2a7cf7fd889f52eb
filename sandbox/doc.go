// Package sandbox is a PayScore of your own: WeChat Pay offers no test
// environment, so this one checks requests against the contract, verifies
// their signatures, keeps orders, walks their states and signs its answers as
// the real one does.
//
// In a test:
//
//	box := sandbox.New(t)
//	_, err := box.Seed("1234323JKHDFE1243252", 50000) // completed at 500.00 yuan, waiting for payment
//	...
//	err = box.Client().ModifyPartnerServiceOrder(t.Context(), "1234323JKHDFE1243252", body)
//
// What the user or WeChat Pay does is a move ([Sandbox.Move]), what time does is
// done by [Sandbox.Advance]:
//
//	// DONE, and PAYSCORE.USER_PAID is announced.
//	err = box.Move("user_pays", sandbox.MoveArgs{SubMchID: "1900000109", OutOrderNo: "1234323JKHDFE1243252"})
//
// As a server for any language, `payscore sandbox` serves the handler of [Open].
//
// It tells a merchant on the same machine what happened, by signed and
// encrypted notifications that are repeated for a day. Time can be moved on:
//
//	box.Advance(24 * time.Hour) // returns when all repeats are done
//	for _, n := range box.Notifications() {
//		fmt.Println(n.EventType, n.Delivered, len(n.Attempts))
//	}
//
// Orders of acquiring institutions and overseas orders are found by their
// [Family]. Where WeChat Pay's pages are silent, mostly on these and on the bill,
// the sandbox does what is plausible; docs/sandbox.md lists it.
//
// It has a signature check of its own and shares no code with package auth: a
// mistake made on both sides would pass unseen.
package sandbox
