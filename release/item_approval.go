package release

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ApprovalCheck are the settings of ItemApproval: whose approval a release needs.
type ApprovalCheck struct {
	Count   int           // of different people; 0 is 1
	Groups  []string      // at least one of which each of them is in; none: anybody
	Expires time.Duration // after which an approval is void; 0 is 4 h
}

// expireAfter is how long an approval counts unless the configuration says otherwise.
const expireAfter = 4 * time.Hour

// Rule is the settings with their defaults.
func (c ApprovalCheck) Rule() ApprovalRule {
	rule := ApprovalRule{Count: max(c.Count, 1), Groups: c.Groups, Expires: c.Expires}
	if rule.Expires == 0 {
		rule.Expires = expireAfter
	}
	return rule
}

// String is "an approval", or "2 approvals of managers or owners".
func (r ApprovalRule) String() string {
	text := "an approval"
	if r.Count > 1 {
		text = fmt.Sprintf("%d approvals", r.Count)
	}
	if len(r.Groups) > 0 {
		text += " of " + strings.Join(r.Groups, " or ")
	}
	return text
}

// ItemApproval passes when other people than the author have approved exactly this
// release, each under the name by which the API server knows them.
var ItemApproval = register(ApprovalCheck{}.settingsOf(), kind{
	class: Check, settings: ApprovalCheck{}, people: true,
	words: func(_ Plan, spec ItemSpec) string {
		rule := SettingsOf[ApprovalCheck](spec).Rule()
		return fmt.Sprintf("%s, not by the author, not older than %s: slipway approve", rule, Span(rule.Expires))
	},
	every: time.Second, least: time.Second, timeout: 5 * time.Second, stale: 15 * time.Second,
})

func (ApprovalCheck) settingsOf() ItemType { return "approval" }

// The facts of an approval.
const (
	FactApprovedBy FactName = "approved by" // the API server's names, with a comma between them
	FactPolicy     FactName = "policy"      // whether approvals were enforced
)

// JudgeApprovals is what the answers of people mean for an item of this release now.
// policy says whether the API server keeps them from being forged.
func JudgeApprovals(plan Plan, r Record, spec ItemSpec, now time.Time, said []Approval, policy Enforcement) Result {
	rule := SettingsOf[ApprovalCheck](spec).Rule()
	good, rejected, void := rule.Approved(Asked{Of: plan.Binds(plan.imageOf(r.To)), Not: []string{r.By.Name}, Now: now}, said)
	var names, each []string
	for _, a := range good {
		names = append(names, a.By)
		each = append(each, fmt.Sprintf("%s at %s", a.By, a.At.In(now.Location()).Format("15:04")))
	}
	enforced := "policy " + string(policy)
	switch {
	case rejected != nil:
		return Result{Verdict: Fail, Short: "rejected", Detail: fmt.Sprintf("rejected by %s: %s", rejected.By, rejected.Reason)}
	case len(good) >= rule.Count:
		short := strings.Join(names, ", ")
		if policy != Enforced {
			short += ", not enforced"
		}
		return Result{
			Verdict: Pass, Short: short, Detail: strings.Join(each, ", ") + "; " + enforced,
			Facts: Facts{FactApprovedBy: strings.Join(names, ", "), FactPolicy: string(policy)},
		}
	}
	detail := []string{fmt.Sprintf("%d of %d given", len(good), rule.Count)}
	detail = append(detail, each...)
	if len(void) > 0 {
		detail = append(detail, "not counted: "+strings.Join(void, ", "))
	}
	return Result{Verdict: NoData, Early: true, Short: fmt.Sprintf("%d of %d", len(good), rule.Count), Detail: strings.Join(append(detail, enforced), "; ")}
}

// ApprovalGroups lists the groups that the plan's items of type approval name: an answer
// says which of them its author is in.
func ApprovalGroups(plan Plan) []string {
	var all []string
	for _, spec := range plan.Items {
		for _, g := range SettingsOf[ApprovalCheck](spec).Groups {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	return all
}

// NeedsApproval tells whether an item of the checklist waits for an approval.
func NeedsApproval(plan Plan) bool {
	return slices.ContainsFunc(plan.Items, func(spec ItemSpec) bool { return spec.Type == ItemApproval })
}
