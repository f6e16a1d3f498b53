// Package e2e tests the built binary against a running sandbox: a real API
// server with real controllers, and a real Prometheus. `make e2e` runs it; the
// sandbox's directory comes in SLIPWAY_SANDBOX. Without it the tests are
// skipped, so that `go test ./...` stays quick.
package e2e
