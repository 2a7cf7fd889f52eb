package main

import "context"

func (r *report) rsa(context.Context) error { return nil }
