package main

import "context"

func (r *report) sandbox(context.Context) error { return nil }
