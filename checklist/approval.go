package checklist

import (
	"context"
	"fmt"

	"datahub.io/slipway/release"
)

// Approvals is where people's approvals are.
type Approvals interface {
	// Approvals reads what people said about releases of the Deployment.
	Approvals(ctx context.Context) ([]release.Approval, error)
	// Enforcement tells whether they can be forged.
	Enforcement(ctx context.Context) (state release.Enforcement, found string)
}

var _ = register(release.ItemApproval, probeApproval)

// probeApproval reads what people said; what that means is decided in package release.
func probeApproval(ctx context.Context, r *Runner, spec release.ItemSpec, state release.State) release.Result {
	said, err := r.Approvals.Approvals(ctx)
	if err != nil {
		return noData("cannot be read", fmt.Sprintf("approvals: %v", err))
	}
	policy, _ := r.Approvals.Enforcement(ctx)
	return release.JudgeApprovals(r.Plan, state.Record, spec, r.Now(), said, policy)
}
