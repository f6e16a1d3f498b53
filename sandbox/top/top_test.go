package top

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"datahub.io/slipway/sandbox/gateway"
)

// serve returns the API before a cluster of three pods, two of which the gateway has figures of.
func serve(t *testing.T, gatewayAnswers http.HandlerFunc) *httptest.Server {
	t.Helper()
	pod := func(namespace, name, app string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": app}}}
	}
	client := fake.NewClientset(pod("production", "a", "gateway"), pod("production", "crashed", "gateway"), pod("staging", "b", "other"))
	source := httptest.NewServer(gatewayAnswers)
	t.Cleanup(source.Close)
	server := httptest.NewServer((&api{client, strings.TrimPrefix(source.URL, "http://")}).handler())
	t.Cleanup(server.Close)
	return server
}

func figures(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, []gateway.Usage{
		{Namespace: "production", Pod: "a", Container: "gateway", CPU: 0.9, Memory: 1.25 * (1 << 30)},
		{Namespace: "staging", Pod: "b", Container: "gateway", CPU: 0.0451, Memory: 1 << 20},
		{Namespace: "production", Pod: "a", Container: "proxy", CPU: 0.02, Memory: 1 << 20},
		{Namespace: "production", Pod: "gone", Container: "gateway", CPU: 1, Memory: 1},
	})
}

func TestPods(t *testing.T) {
	server := serve(t, figures)
	for path, want := range map[string]string{
		"/pods":                           "production/a gateway 900m 1280Mi proxy 20m 1Mi; staging/b gateway 45100u 1Mi",
		"/pods?labelSelector=app%3Dother": "staging/b gateway 45100u 1Mi",
		"/namespaces/production/pods":     "production/a gateway 900m 1280Mi proxy 20m 1Mi",
		"/namespaces/production/pods?labelSelector=app!%3Dgateway": "",
		"/namespaces/empty/pods":                                   "",
	} {
		response, err := http.Get(server.URL + "/apis/metrics.k8s.io/v1beta1" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var list v1beta1.PodMetricsList
		if err := json.NewDecoder(response.Body).Decode(&list); err != nil || list.Kind != "PodMetricsList" {
			t.Errorf("%s: kind %q, %v", path, list.Kind, err)
		}
		var got []string
		for _, p := range list.Items {
			pod := p.Namespace + "/" + p.Name
			for _, c := range p.Containers {
				pod += " " + c.Name + " " + c.Usage.Cpu().String() + " " + c.Usage.Memory().String()
			}
			got = append(got, pod)
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		path, want string
		code       int
		gateway    http.HandlerFunc
	}{
		{"", `"kind":"PodMetrics"`, http.StatusOK, figures},
		{"/namespaces/staging/pods/b", `"cpu":"45100u"`, http.StatusOK, figures},
		{"/namespaces/empty/pods/crashed", `podmetrics \"crashed\" not found`, http.StatusNotFound, figures},
		{"/pods", "the gateway's figures", http.StatusServiceUnavailable, func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte("<html>"))
		}},
	} {
		response, err := http.Get(serve(t, c.gateway).URL + "/apis/metrics.k8s.io/v1beta1" + c.path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var body json.RawMessage
		if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != c.code || !strings.Contains(string(body), c.want) {
			t.Errorf("%q: %d %s, want %d with %s", c.path, response.StatusCode, body, c.code, c.want)
		}
	}
}
