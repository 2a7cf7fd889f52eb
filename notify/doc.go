// Package notify receives what WeChat Pay tells a merchant: that the user
// confirmed or paid an order, gave or withdrew an authorisation, got a refund. It
// verifies and decrypts each notification, decodes it into a type of
// [github.com/wxpayscore/payscore/gen/payscore], leaves out duplicates and
// answers within the 5 seconds that WeChat Pay waits.
//
//	key, err := auth.NewAPIv3Key("the 32 characters of the merchant platform")
//	...
//	receiver, err := notify.New(verifier, key, func(ctx context.Context, event *notify.Event) error {
//		switch r := event.Resource.(type) {
//		case *payscore.ServiceOrderNotification:
//			return orders.Update(ctx, r.OutOrderNo, event.Type, r.Collection)
//		case *payscore.RefundNotification:
//			return refunds.Update(ctx, r.OutRefundNo, r.RefundStatus)
//		default: // a type that is not known: event.Type, event.Raw
//			return event.Err // or a notification that is not what the contract says
//		}
//	})
//	...
//	http.Handle("/notify", receiver)
//
// Return nil once it is stored. After an error, a panic or too long a time WeChat
// Pay is asked to send it again, which it does for a day.
//
// # What is delivered
//
// Notifications come late, twice, in any order or not at all: the query of the
// order is the truth. A [Deduper] sees to it that a Func that returned nil is not
// called again for the same notification. A process may die between the two, so a
// Func must be idempotent.
//
// # What is not as the contract says
//
// What WeChat Pay signed and encrypted reaches the Func. An integer that is sent as
// a text of digits is read as the integer. If a field has another type than in the
// contract otherwise, Event.Err names it and Resource is nil, so that no code takes
// a half-filled value for a whole one. Raw has all of it, Partial what could be
// decoded. The function of [WithErrorFunc] gets the error as well. A Func that returns
// Event.Err gets the notification again for a day, in which a new version of the
// program may read it; one that knows what to do with Raw, or queries the order,
// returns nil.
//
// # With a framework
//
// The signature is that of the raw body. A framework whose middleware reads it
// first either keeps it for [WithBody], or hands it to [Receiver.Receive], which
// returns what to answer. When a notification does not verify, the error says what
// is known of the cause, such as a Content-Length that is not the body's, and
// docs/notifications.md what to do. [Parse] does no more than verify, decrypt and decode. It
// returns the event beside an error when it was only the decoding that failed.
//
// # With a queue
//
// To store a notification first and work on it later, keep ID, Type and Raw of what
// [Open] returns. [Event.Decode] does the rest there.
package notify
