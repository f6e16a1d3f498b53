package config

import (
	"time"

	"datahub.io/slipway/release"
)

// defaultItems are the fifteen items of the default checklist, in their order.
// An id is the title in kebab case.
func defaultItems() []release.ItemSpec {
	const pre, during, post = release.Pre, release.During, release.Post
	return []release.ItemSpec{
		{ID: "staging-verified", Title: "Staging verified for 24+ hours", Stage: pre, Type: release.ItemManual},
		{ID: "load-tests-passed", Title: "Load tests passed", Stage: pre, Type: release.ItemManual},
		{ID: "security-scan-clean", Title: "Security scan clean", Stage: pre, Type: release.ItemManual},
		{ID: "change-request-approved", Title: "Change request approved", Stage: pre, Type: release.ItemManual},
		{ID: "rollback-plan-documented", Title: "Rollback plan documented", Stage: pre, Type: release.ItemManual},

		{ID: "database-backup-completed", Title: "Database backup completed", Stage: during, Type: release.ItemManual},
		{ID: "migrations-run-successfully", Title: "Migrations run successfully", Stage: during, Type: release.ItemManual},
		{ID: "rolling-update-in-progress", Title: "Rolling update in progress", Stage: during, Type: release.ItemDeploy},
		{ID: "health-checks-passing", Title: "Health checks passing", Stage: during, Type: release.ItemHTTP, For: 10 * time.Second},
		{ID: "error-rate-normal", Title: "Error rate normal", Stage: during, Type: release.ItemMetric, Settings: release.MetricCheck{Metric: release.ErrorRate}, For: 5 * time.Minute},

		{ID: "all-pods-healthy", Title: "All pods healthy", Stage: post, Type: release.ItemPods, For: 30 * time.Second},
		{ID: "metrics-normal", Title: "Metrics normal", Stage: post, Type: release.ItemMetrics, For: time.Minute},
		{ID: "no-error-spikes", Title: "No error spikes", Stage: post, Type: release.ItemSpikes, Settings: release.SpikesCheck{Metric: release.ErrorRate}, For: 10 * time.Minute},
		{ID: "customer-verification", Title: "Customer verification", Stage: post, Type: release.ItemManual},
		{ID: "documentation-updated", Title: "Documentation updated", Stage: post, Type: release.ItemManual},
	}
}
