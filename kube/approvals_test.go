package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"datahub.io/slipway/release"
)

var approval = release.Approval{
	By: "oidc:eng-b@datahub.io", Groups: []string{"managers"}, Answer: release.Approves, At: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC),
	Of: release.Binding{Version: "v2.5.0", Digest: "sha256:9f2c", Containers: "gateway,migrator", Config: "ab12"},
}

// Exactly what is written is read again; anything else is no approval.
func TestApprovalText(t *testing.T) {
	rejection := approval
	rejection.Answer, rejection.Reason, rejection.Groups = release.Rejects, "p95 \"jumps\"\tat 50%", nil
	for _, a := range []release.Approval{approval, rejection} {
		line := formatApproval(a)
		got, ok := parseApproval(line)
		if a.Reason = strings.ReplaceAll(a.Reason, "\t", " "); !ok || formatApproval(got) != line || got.By != a.By || got.Of != a.Of || !got.At.Equal(a.At) || !slices.Equal(got.Groups, a.Groups) {
			t.Errorf("%s\nread as %+v, %t", line, got, ok)
		}
	}
	good := formatApproval(approval)
	for what, bad := range map[string]string{
		"nothing":         "",
		"a field more":    good + ` "x"`,
		"a field less":    strings.TrimSuffix(good, ` ""`),
		"two spaces":      strings.Replace(good, " ", "  ", 1),
		"another verb":    strings.Replace(good, " approve ", " APPROVE ", 1),
		"no reason":       strings.Replace(good, " approve ", " reject ", 1),
		"another time":    strings.Replace(good, "2026-03-04T12:00:00Z", "2026-03-04T13:00:00+01:00", 1),
		"no time":         strings.Replace(good, "2026-03-04T12:00:00Z", "yesterday", 1),
		"a control":       strings.Replace(good, "v2.5.0", "v2.5.0\x1b[31m", 1),
		"a trailing line": good + "\n",
	} {
		if a, ok := parseApproval(bad); ok {
			t.Errorf("%s: %q is read as %+v", what, bad, a)
		}
	}
}

func TestShippedPolicy(t *testing.T) {
	policy, binding, err := shippedPolicy()
	if err != nil || policy.Name == "" || binding.Spec.PolicyName != policy.Name || len(policy.Spec.Validations) != 4 {
		t.Errorf("%+v %+v %v", policy, binding, err)
	}
}

// as is the API server seen by a user with every right on ConfigMaps.
func (w *world) impersonate(user string, groups ...string) *kubernetes.Clientset {
	cfg := rest.CopyConfig(w.config)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: append([]string{"system:authenticated"}, groups...)}
	return kubernetes.NewForConfigOrDie(cfg)
}

// Nobody writes, alters or removes an approval in another's name, though both may do
// anything to ConfigMaps; what a person may do with their own works through slipway.
func TestApprovalsCannotBeForged(t *testing.T) {
	w := sandbox(t)
	const name = approvalsPrefix + "gateway"
	if _, err := w.admin.RbacV1().Roles(w.namespace).Create(t.Context(), &rbac.Role{ObjectMeta: metav1.ObjectMeta{Name: "cm"}, Rules: []rbac.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"*"}},
	}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin.RbacV1().RoleBindings(w.namespace).Create(t.Context(), &rbac.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "cm"}, RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "Role", Name: "cm"},
		Subjects: []rbac.Subject{{APIGroup: rbac.GroupName, Kind: rbac.UserKind, Name: "a"}, {APIGroup: rbac.GroupName, Kind: rbac.UserKind, Name: "b"}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	policy, binding, err := shippedPolicy()
	if err != nil {
		t.Fatal(err)
	}
	admin := w.client("gateway", nil)
	if state, found := admin.Enforcement(t.Context()); state != release.NotEnforced || !strings.Contains(found, policy.Name) {
		t.Errorf("without the policy: %s, %s", state, found)
	}
	policies, bindings := w.admin.AdmissionregistrationV1().ValidatingAdmissionPolicies(), w.admin.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings()
	if _, err := policies.Create(t.Context(), &policy, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = policies.Delete(context.Background(), policy.Name, metav1.DeleteOptions{}) })
	if state, _ := admin.Enforcement(t.Context()); state != release.NotEnforced {
		t.Errorf("without the binding: %s", state)
	}
	if _, err := bindings.Create(t.Context(), &binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bindings.Delete(context.Background(), binding.Name, metav1.DeleteOptions{}) })
	if state, found := admin.Enforcement(t.Context()); state != release.Enforced {
		t.Errorf("with both: %s, %s", state, found)
	}

	a, b := w.impersonate("a"), w.impersonate("b", "managers")
	if _, err := (&Client{kube: a, namespace: w.namespace, deployment: "gateway", timeout: defaultTimeout}).Approvals(t.Context()); !errors.Is(err, ErrNoApprovals) {
		t.Errorf("no object: %v", err)
	}
	maps := func(as *kubernetes.Clientset) interface {
		Create(context.Context, *corev1.ConfigMap, metav1.CreateOptions) (*corev1.ConfigMap, error)
		Patch(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (*corev1.ConfigMap, error)
		Delete(context.Context, string, metav1.DeleteOptions) error
		DeleteCollection(context.Context, metav1.DeleteOptions, metav1.ListOptions) error
	} {
		return as.CoreV1().ConfigMaps(w.namespace)
	}
	if _, err := maps(a).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	of := func(as *kubernetes.Clientset) *Client {
		return &Client{kube: as, namespace: w.namespace, deployment: "gateway", timeout: defaultTimeout}
	}
	yes := release.Approval{Answer: release.Approves, At: time.Now().UTC().Truncate(time.Second), Of: approval.Of}
	forged := yes
	forged.By = "b"
	key := approvalKey(forged)
	patch := func(as *kubernetes.Clientset, key, value string) error {
		raw, _ := json.Marshal(map[string]any{"data": map[string]any{key: value}})
		_, err := maps(as).Patch(t.Context(), name, types.MergePatchType, raw, metav1.PatchOptions{})
		return err
	}
	tries := 0
	w.eventually("the policy to count", func() bool {
		tries++ // what was written before it counted may stay as it is
		return patch(a, "probe", fmt.Sprintf("nobody - %d", tries)) != nil
	})
	written, err := of(b).Approve(t.Context(), yes, []string{"managers", "owners"})
	if err != nil || written.By != "b" || !slices.Equal(written.Groups, []string{"managers"}) {
		t.Fatalf("%+v, %v", written, err)
	}
	mine := forged
	mine.By, mine.Groups = "a", []string{"managers"}
	for what, attempt := range map[string]func() error{
		"writes one in b's name": func() error { return patch(a, "other", formatApproval(forged)) },
		"alters b's":             func() error { return patch(a, key, strings.Replace(formatApproval(written), "v2.5.0", "v2.5.1", 1)) },
		"puts its own over b's":  func() error { return patch(a, key, "a - approve") },
		"claims a group":         func() error { return patch(a, approvalKey(mine), formatApproval(mine)) },
		"is almost a":            func() error { return patch(a, "other", "a-x - approve") },
		"removes b's": func() error {
			_, err := maps(a).Patch(t.Context(), name, types.MergePatchType, []byte(`{"data":{"`+key+`":null}}`), metav1.PatchOptions{})
			return err
		},
		"deletes the object": func() error { return maps(a).Delete(t.Context(), name, metav1.DeleteOptions{}) },
		"writes bytes": func() error {
			_, err := maps(a).Patch(t.Context(), name, types.MergePatchType, []byte(`{"binaryData":{"q":"ZW5nLWI="}}`), metav1.PatchOptions{})
			return err
		},
		"creates another in b's name": func() error {
			_, err := maps(a).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name + "2"}, Data: map[string]string{key: formatApproval(forged)}}, metav1.CreateOptions{})
			return err
		},
		"generates a name": func() error {
			_, err := maps(a).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: approvalsPrefix}, Data: map[string]string{key: formatApproval(forged)}}, metav1.CreateOptions{})
			return err
		},
	} {
		if err := attempt(); !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) {
			t.Errorf("a %s: %v", what, err)
		}
	}
	if err := maps(a).DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{FieldSelector: "metadata.name=" + name}); err == nil {
		t.Error("a deletes all of them")
	}
	got, err := of(a).Approvals(t.Context())
	if err != nil || len(got) != 1 || got[0].By != "b" || got[0].Of != approval.Of || !slices.Equal(got[0].Groups, []string{"managers"}) {
		t.Errorf("a sees %+v, %v", got, err)
	}
	no := yes
	no.Answer, no.Reason = release.Rejects, "too late in the day"
	if _, err := of(b).Approve(t.Context(), no, nil); err != nil {
		t.Errorf("b changes their mind: %v", err)
	}
	if got, err := of(a).Approvals(t.Context()); err != nil || len(got) != 1 || got[0].Answer != release.Rejects || got[0].Reason != no.Reason {
		t.Errorf("a sees %+v, %v", got, err)
	}

	altered, err := policies.Get(t.Context(), policy.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	altered.Spec.Validations = altered.Spec.Validations[1:]
	if _, err := policies.Update(t.Context(), altered, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if state, found := admin.Enforcement(t.Context()); state != release.Altered {
		t.Errorf("with a validation less: %s, %s", state, found)
	}
}
