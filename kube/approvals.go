package kube

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	admission "k8s.io/api/admissionregistration/v1"
	authn "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"

	"datahub.io/slipway/deploy"
	"datahub.io/slipway/release"
	"datahub.io/slipway/untrusted"
)

// approvalsPrefix begins the name of each object that holds approvals: the policy knows
// them by it.
const approvalsPrefix = "slipway-approvals-"

// Bounds of what is read of approvals: an object holds at most 1 MiB.
const (
	approvalFields = 10
	reasonBound    = 500
	approvalsKept  = 7 * 24 * time.Hour // one's own older ones are removed when a new one is given
)

// ErrNoApprovals says that there is no object to hold approvals.
var ErrNoApprovals = errors.New("no approvals object")

// Approvals is the name of the object that holds the approvals for the Deployment.
func (c *Client) approvalsName() string { return approvalsPrefix + c.deployment }

// Approvals reads what people said about releases of the Deployment. What is no approval,
// exactly as slipway writes it, is left out. Its error wraps ErrNoApprovals when the
// object does not exist.
func (c *Client) Approvals(ctx context.Context) ([]release.Approval, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	object, err := c.kube.CoreV1().ConfigMaps(c.namespace).Get(ctx, c.approvalsName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, c.noApprovals()
	}
	if err != nil {
		return nil, fmt.Errorf("read configmap/%s: %w", c.approvalsName(), plainly(err))
	}
	var all []release.Approval
	for key, value := range object.Data {
		if a, ok := parseApproval(value); ok && key == approvalKey(a) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b release.Approval) int { return a.At.Compare(b.At) })
	return all, nil
}

func (c *Client) noApprovals() error {
	return fmt.Errorf("%w: found no configmap/%s in namespace %s", ErrNoApprovals, c.approvalsName(), c.namespace)
}

// Approve writes an approval or a rejection under the caller's own name, as the API server
// knows it, with those of the groups that the caller is in. It gives what was written.
func (c *Client) Approve(ctx context.Context, a release.Approval, groups []string) (release.Approval, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*c.timeout)
	defer cancel()
	me, err := c.kube.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authn.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return a, fmt.Errorf("ask the API server who this is: %w", plainly(err))
	}
	a.By, a.Groups = me.Status.UserInfo.Username, nil
	for _, g := range groups {
		if slices.Contains(me.Status.UserInfo.Groups, g) && !strings.ContainsAny(g, " ,\t\n") {
			a.Groups = append(a.Groups, g)
		}
	}
	if a.By == "" || a.By != untrusted.Line(a.By, nameBound) || strings.ContainsAny(a.By, " \t") {
		return a, fmt.Errorf("the API server knows you as %q: an approval needs a name without spaces and control characters, of at most %d characters", a.By, nameBound)
	}
	data := map[string]any{approvalKey(a): formatApproval(a)}
	there, err := c.Approvals(ctx)
	if err != nil {
		return a, err
	}
	for _, old := range there {
		if old.By == a.By && a.At.Sub(old.At) > approvalsKept {
			data[approvalKey(old)] = nil
		}
	}
	patch, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		return a, err
	}
	_, err = c.kube.CoreV1().ConfigMaps(c.namespace).Patch(ctx, c.approvalsName(), types.MergePatchType, patch, metav1.PatchOptions{FieldManager: fieldManager})
	switch {
	case apierrors.IsNotFound(err):
		return a, c.noApprovals()
	case err != nil:
		return a, fmt.Errorf("write into configmap/%s: %w", c.approvalsName(), plainly(err))
	}
	return a, nil
}

// approvalKey is one for each person and version: a new answer replaces the old one.
func approvalKey(a release.Approval) string {
	sum := sha256.Sum256([]byte(a.By + "\x00" + a.Of.Version))
	return hex.EncodeToString(sum[:16])
}

// formatApproval writes an approval as one line of fields: the user first, then the user's
// groups, because the policy looks at those two.
func formatApproval(a release.Approval) string {
	fields := []string{
		a.By, orDash(strings.Join(a.Groups, ",")), string(a.Answer), a.At.UTC().Format(time.RFC3339), orDash(a.Of.Version), orDash(a.Of.Digest),
		orDash(a.Of.Containers), orDash(a.Of.Config), orDash(a.Of.Migration), strconv.QuoteToASCII(untrusted.Line(a.Reason, reasonBound)),
	}
	return strings.Join(fields, " ")
}

// parseApproval reads exactly what formatApproval writes.
func parseApproval(line string) (release.Approval, bool) {
	fields := strings.SplitN(line, " ", approvalFields)
	if len(fields) != approvalFields {
		return release.Approval{}, false
	}
	at, err := time.Parse(time.RFC3339, fields[3])
	if err != nil {
		return release.Approval{}, false
	}
	reason, err := strconv.Unquote(fields[9])
	if err != nil {
		return release.Approval{}, false
	}
	a := release.Approval{
		By: fields[0], At: at, Answer: release.Approving(fields[2]), Reason: reason,
		Of: release.Binding{Version: noDash(fields[4]), Digest: noDash(fields[5]), Containers: noDash(fields[6]), Config: noDash(fields[7]), Migration: noDash(fields[8])},
	}
	if groups := noDash(fields[1]); groups != "" {
		a.Groups = strings.Split(groups, ",")
	}
	for _, field := range fields {
		if field == "" || field != untrusted.Line(field, len(field)) {
			return release.Approval{}, false
		}
	}
	if a.Answer != release.Approves && a.Answer != release.Rejects || a.Answer == release.Rejects && strings.TrimSpace(reason) == "" {
		return release.Approval{}, false
	}
	return a, formatApproval(a) == line
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func noDash(text string) string {
	if text == "-" {
		return ""
	}
	return text
}

// Enforcement tells whether the API server keeps approvals from being forged: whether the
// shipped policy is there, is bound, and has not been altered. found says what is wrong.
func (c *Client) Enforcement(ctx context.Context) (state release.Enforcement, found string) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	shipped, bound, err := shippedPolicy()
	if err != nil {
		return release.Unseen, err.Error() // a test reads it
	}
	registration := c.kube.AdmissionregistrationV1()
	policy, err := registration.ValidatingAdmissionPolicies().Get(ctx, shipped.Name, metav1.GetOptions{})
	if err != nil {
		return unseen(err, "validatingadmissionpolicy/"+shipped.Name)
	}
	binding, err := registration.ValidatingAdmissionPolicyBindings().Get(ctx, bound.Name, metav1.GetOptions{})
	if err != nil {
		return unseen(err, "validatingadmissionpolicybinding/"+bound.Name)
	}
	switch {
	case !samePolicy(policy.Spec, shipped.Spec):
		return release.Altered, "the policy is not the one in deploy/approvals.yaml"
	case !equality.Semantic.DeepEqual(binding.Spec, bound.Spec):
		return release.Altered, "the policy's binding is not the one in deploy/approvals.yaml"
	}
	return release.Enforced, ""
}

func unseen(err error, object string) (release.Enforcement, string) {
	if apierrors.IsNotFound(err) {
		return release.NotEnforced, "found no " + object
	}
	return release.Unseen, object + ": " + short(plainly(err))
}

// shippedPolicy reads the policy and its binding from the manifest.
func shippedPolicy() (policy admission.ValidatingAdmissionPolicy, binding admission.ValidatingAdmissionPolicyBinding, err error) {
	for doc := range bytes.SplitSeq(deploy.Approvals, []byte("\n---\n")) {
		var kind metav1.TypeMeta
		if err = yaml.Unmarshal(doc, &kind); err != nil {
			return policy, binding, err
		}
		switch kind.Kind {
		case "ValidatingAdmissionPolicy":
			err = yaml.UnmarshalStrict(doc, &policy)
		case "ValidatingAdmissionPolicyBinding":
			err = yaml.UnmarshalStrict(doc, &binding)
		}
		if err != nil {
			return policy, binding, err
		}
	}
	return policy, binding, nil
}

// samePolicy compares what the policy says; what the API server adds by default counts as
// said.
func samePolicy(there, shipped admission.ValidatingAdmissionPolicySpec) bool {
	if there.MatchConstraints == nil || shipped.MatchConstraints == nil {
		return false
	}
	match := *there.MatchConstraints
	if match.MatchPolicy == nil || *match.MatchPolicy != admission.Equivalent || len(match.ExcludeResourceRules) > 0 ||
		!everything(match.NamespaceSelector) || !everything(match.ObjectSelector) || len(match.ResourceRules) != 1 {
		return false
	}
	rule := match.ResourceRules[0]
	if rule.Scope != nil && *rule.Scope != admission.AllScopes {
		return false
	}
	rule.Scope = nil
	return equality.Semantic.DeepEqual(rule, shipped.MatchConstraints.ResourceRules[0]) && there.ParamKind == nil && len(there.AuditAnnotations) == 0 &&
		there.FailurePolicy != nil && *there.FailurePolicy == *shipped.FailurePolicy &&
		equality.Semantic.DeepEqual(there.MatchConditions, shipped.MatchConditions) && equality.Semantic.DeepEqual(there.Variables, shipped.Variables) &&
		equality.Semantic.DeepEqual(there.Validations, shipped.Validations)
}

func everything(selector *metav1.LabelSelector) bool {
	return selector == nil || len(selector.MatchLabels) == 0 && len(selector.MatchExpressions) == 0
}
