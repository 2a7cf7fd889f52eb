// Package notify mounts a receiver of notifications in chi, gin and echo. Each
// example is a test, on a notification of api/vectors. It is a module of its own,
// so that the client does not require these frameworks.
package notify
