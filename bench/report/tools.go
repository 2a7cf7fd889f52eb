package main

import "context"

func (r *report) tools(context.Context) error { return nil }
