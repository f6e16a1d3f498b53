package e2e

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

// split is an object that divides the requests of an environment, with the patch that sets its two weights.
type split struct {
	environment string
	kind        schema.GroupVersionResource
	patch       string
}

var splits = []split{
	{
		"canary",
		schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "virtualservices"},
		`[{"op":"replace","path":"/spec/http/1/route/0/weight","value":%d},{"op":"replace","path":"/spec/http/1/route/1/weight","value":%d}]`,
	},
	{
		"routes",
		schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"},
		`[{"op":"replace","path":"/spec/rules/0/backendRefs/0/weight","value":%d},{"op":"replace","path":"/spec/rules/0/backendRefs/1/weight","value":%d}]`,
	},
}

// shift sets the weights of stable and canary as one of the accounts.
func (s *sandbox) shift(kubeconfig string, of split, stable, canary int) error {
	s.t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(s.dir, kubeconfig))
	if err != nil {
		s.t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = client.Resource(of.kind).Namespace("datahub-"+of.environment).Patch(context.Background(), "datahub-gateway", types.JSONPatchType,
		fmt.Appendf(nil, of.patch, stable, canary), metav1.PatchOptions{})
	return err
}

// weights shifts the traffic of both environments to a canary that has no pods and back, and checks what failed.
func (s *sandbox) weights(t *testing.T) {
	const long = 10 * time.Second
	settle := func() { time.Sleep(time.Second) } // for the gateway to see it
	for _, of := range splits {
		t.Run(of.environment, func(t *testing.T) {
			s := s.on(t)
			if err := s.shift("viewer.kubeconfig", of, 0, 100); !apierrors.IsForbidden(err) {
				t.Errorf("a viewer may shift traffic: %v", err)
			}
			if err := s.shift("kubeconfig", of, 75, 25); err != nil {
				t.Fatal(err)
			}
			settle()
			s.requests("--reset")
			time.Sleep(long)
			n := s.requests("--reset")[of.environment]
			want := 0.25 * float64(n.Total)
			if of.environment == "canary" {
				want *= 0.98 // the rest asks for a preview
			}
			if n.Total < 8000 || math.Abs(float64(n.Failed)-want) > 2 {
				t.Errorf("%d of %d requests failed, want %.0f", n.Failed, n.Total, want)
			}
			s.eventually("503s of the canary", func() error {
				rate, err := s.query(fmt.Sprintf(`sum(rate(http_requests_total{namespace="datahub-%s",code="503",pod="",destination_service_name="datahub-gateway-canary"}[10s]))`,
					of.environment))
				if err == nil && (rate < 200 || rate > 400) {
					return fmt.Errorf("%v a second", rate)
				}
				return err
			})
			codes := map[int]int{}
			for range 8 {
				response, err := http.Get(s.endpoints["health-"+of.environment])
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				codes[response.StatusCode]++
			}
			if codes[200] != 6 || codes[503] != 2 {
				t.Errorf("health checks are answered %v, want a quarter of 503", codes)
			}
			if err := s.shift("kubeconfig", of, 100, 0); err != nil {
				t.Fatal(err)
			}
			settle()
			s.requests("--reset")
			time.Sleep(2 * time.Second)
			if n := s.requests()[of.environment]; n.Failed != 0 || n.Total == 0 {
				t.Errorf("with the traffic back %d of %d requests failed", n.Failed, n.Total)
			}
		})
	}
	if table := s.run("requests"); !strings.Contains(table, "ENVIRONMENT") || strings.Count(table, "\n") != 6 {
		t.Errorf("requests prints\n%s", table)
	}
	for account, want := range map[string]map[string]bool{
		"kubeconfig":        {"datahub-gateway-canary": true, "datahub-gateway-stable": false},
		"viewer.kubeconfig": {"datahub-gateway-canary": false},
	} {
		for name, may := range want {
			err := s.as(account).AppsV1().Deployments("datahub-canary").Delete(context.Background(), name, metav1.DeleteOptions{DryRun: []string{metav1.DryRunAll}})
			if may && !apierrors.IsNotFound(err) || !may && !apierrors.IsForbidden(err) {
				t.Errorf("%s deletes %s: %v", account, name, err)
			}
		}
	}
}
