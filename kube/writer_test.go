package kube

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Whoever scales is not who changed the pods, nor is the controller.
func TestWriterIsOfTheTemplate(t *testing.T) {
	entry := func(manager, subresource, fields string, at int) metav1.ManagedFieldsEntry {
		when := metav1.NewTime(time.Date(2026, 11, 23, 12, 0, at, 0, time.UTC))
		return metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, Time: &when, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	d := &appsv1.Deployment{}
	d.ManagedFields = []metav1.ManagedFieldsEntry{
		entry("slipway", "", `{"f:spec":{"f:template":{"f:spec":{}}}}`, 1),
		entry("kubectl-set", "", `{"f:spec":{"f:template":{"f:spec":{}}}}`, 2),
		entry("hpa", "scale", `{"f:spec":{"f:replicas":{}}}`, 3),
		entry("kube-controller-manager", "status", `{"f:status":{}}`, 4),
	}
	if got := writer(d); got != "kubectl-set" {
		t.Errorf("written by %q", got)
	}
}
