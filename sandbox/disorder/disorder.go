package disorder

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/template"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"

	"datahub.io/slipway/sandbox/gateway"
	"datahub.io/slipway/sandbox/kubelet"
)

// Disorder is one switch of an environment.
type Disorder struct {
	Name string
	// Summary is one line for people.
	Summary string
	// on and off are strategic merge patches of the environment's Deployment, templates over a Ground; "" is none.
	on, off string
	// manifest is the name of a file with objects that are there while it is on.
	manifest string
	// writes returns the image that the Deployment gets for one that is written, where the disorder is a policy that changes it.
	writes func(image string) string
	// stuck tells that the Deployment cannot become complete while it is on.
	stuck bool
}

// Ground is what patches and manifests are filled in with.
type Ground struct {
	Environment, Namespace, Deployment string
	// Image is the gateway's, Registry where it comes from.
	Image, Registry string
	// Pods is how many the Deployment asks for, CPU what one of them uses at normal load.
	Pods int32
	CPU  string
}

// Digest is what the policy pins every image to.
const Digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// Table lists every disorder.
var Table = []Disorder{
	{
		Name: "sidecars", Summary: "pods get the sidecar `proxy`, with probes of its own, and the native sidecar `log-shipper`",
		on: `{"spec":{"template":{"spec":{"containers":[{"name":"proxy","image":"docker.io/istio/proxyv2:1.31.1",` +
			`"readinessProbe":{"httpGet":{"path":"/healthz/ready","port":15021},"initialDelaySeconds":1,"periodSeconds":2},` +
			`"resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"cpu":"1","memory":"256Mi"}}}],` +
			`"initContainers":[{"name":"log-shipper","image":"docker.io/fluent/fluent-bit:4.2.0","restartPolicy":"Always",` +
			`"resources":{"requests":{"cpu":"50m","memory":"64Mi"}}}]}}}}`,
		off: `{"spec":{"template":{"spec":{"containers":[{"name":"proxy","$patch":"delete"}],"initContainers":[{"name":"log-shipper","$patch":"delete"}]}}}}`,
	},
	{
		Name: "init", Summary: "pods get the init container `migrate`, with the gateway's image",
		on:  `{"spec":{"template":{"spec":{"initContainers":[{"name":"migrate","image":"{{.Image}}","command":["migrate"]}]}}}}`,
		off: `{"spec":{"template":{"spec":{"initContainers":[{"name":"migrate","$patch":"delete"}]}}}}`,
	},
	{
		Name: "worker", Summary: "pods get the second container `worker`, with the gateway's image",
		on: `{"spec":{"template":{"spec":{"containers":[{"name":"worker","image":"{{.Image}}","args":["worker"],` +
			`"resources":{"requests":{"cpu":"100m","memory":"256Mi"},"limits":{"cpu":"1","memory":"1Gi"}}}]}}}}`,
		off: `{"spec":{"template":{"spec":{"containers":[{"name":"worker","$patch":"delete"}]}}}}`,
	},
	{
		Name: "readiness-gate", Summary: "pods are ready only when a load balancer's target is, 8 s after their containers",
		on:  `{"spec":{"template":{"spec":{"readinessGates":[{"conditionType":"` + kubelet.TargetGate + `"}]}}}}`,
		off: `{"spec":{"template":{"spec":{"readinessGates":null}}}}`,
	},
	{
		Name: "stuck-gate", Summary: "pods are never ready: their load balancer's target never is", stuck: true,
		on:  `{"spec":{"template":{"spec":{"readinessGates":[{"conditionType":"` + kubelet.StuckGate + `"}]}}}}`,
		off: `{"spec":{"template":{"spec":{"readinessGates":null}}}}`,
	},
	{
		Name: "long-grace", Summary: "deleted pods stay for 65 s, of a grace period of 300 s",
		on: `{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":300,` +
			`"containers":[{"name":"gateway","lifecycle":{"preStop":{"sleep":{"seconds":60}}}}]}}}}`,
		off: `{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":30,"containers":[{"name":"gateway","lifecycle":null}]}}}}`,
	},
	{
		Name: "no-limits", Summary: "the gateway's container has no limits",
		on:  `{"spec":{"template":{"spec":{"containers":[{"name":"gateway","resources":{"limits":null}}]}}}}`,
		off: limits,
	},
	{
		Name: "no-cpu-limit", Summary: "the gateway's container has no CPU limit",
		on:  `{"spec":{"template":{"spec":{"containers":[{"name":"gateway","resources":{"limits":{"cpu":null}}}]}}}}`,
		off: limits,
	},
	{
		Name: "limit-range", Summary: "a LimitRange gives new pods the limits that their template lacks", manifest: "limit-range.yaml",
	},
	{
		Name: "no-history", Summary: "the Deployment keeps no earlier revision: revisionHistoryLimit 0",
		on:  `{"spec":{"revisionHistoryLimit":0}}`,
		off: `{"spec":{"revisionHistoryLimit":5}}`,
	},
	{
		Name: "recreate", Summary: "the Deployment's strategy is Recreate",
		on:  `{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}`,
		off: `{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":2}}}}`,
	},
	{
		Name: "quota", Summary: "a ResourceQuota allows as many pods as there are now, and not one more", manifest: "quota.yaml",
	},
	{
		Name: "hpa", Summary: "an autoscaler keeps 1 to 10 pods, by their CPU: as many as now at normal load", manifest: "hpa.yaml",
	},
	{
		Name: "pin-digests", Summary: "an admission policy adds a digest to the images of each Deployment that is written", manifest: "pin-digests.yaml",
		writes: func(image string) string {
			if strings.Contains(image, "@") {
				return image
			}
			return image + "@" + Digest
		},
	},
	{
		Name: "mirror-registry", Summary: "an admission policy takes the images of each Deployment that is written from a mirror", manifest: "mirror-registry.yaml",
		writes: func(image string) string {
			return "mirror.datahub.internal/" + image[strings.LastIndexByte(image, '/')+1:]
		},
	},
}

const limits = `{"spec":{"template":{"spec":{"containers":[{"name":"gateway","resources":{"limits":{"cpu":"2","memory":"2Gi"}}}]}}}}`

// Find returns the disorder of a name.
func Find(name string) (Disorder, error) {
	for _, d := range Table {
		if d.Name == name {
			return d, nil
		}
	}
	return Disorder{}, fmt.Errorf("there is no disorder %q; list them with: sandbox disorder", name)
}

// Set switches a disorder of an environment on or off, and returns when it has taken effect: the Deployment is complete, unless the disorder stands
// in the way of that. What is so already stays so.
func (c *Cluster) Set(ctx context.Context, e gateway.Environment, d Disorder, on bool) error {
	now, err := c.deployment(ctx, e)
	if err != nil {
		return err
	}
	ground := groundOf(e, now)
	if d.manifest != "" {
		if err := c.objects(ctx, d.manifest, ground, on); err != nil {
			return err
		}
	}
	patch := d.off
	if on {
		patch = d.on
	}
	if patch != "" {
		if patch, err = fill(d.Name, patch, ground); err != nil {
			return err
		}
		if err := c.change(ctx, e, now, patch, d.Name, on); err != nil {
			return err
		}
	}
	switch {
	case d.writes != nil:
		return c.policy(ctx, e, d, on)
	case d.Name == "quota" && on:
		return c.until(ctx, func() error { return c.counted(ctx, e) })
	case d.stuck && on:
		return nil
	}
	return c.complete(ctx, e)
}

// change patches the Deployment, and says why in its change-cause where the pods change.
func (c *Cluster) change(ctx context.Context, e gateway.Environment, now *appsv1.Deployment, patch, name string, on bool) error {
	then, err := c.patch(ctx, e, patch, true)
	if err != nil {
		return err
	}
	if !equality.Semantic.DeepEqual(then.Spec.Template, now.Spec.Template) {
		cause := "sandbox: " + name + map[bool]string{true: " on", false: " off"}[on]
		patch = `{"metadata":{"annotations":{"kubernetes.io/change-cause":"` + cause + `"}},` + patch[1:]
	}
	_, err = c.patch(ctx, e, patch, false)
	return err
}

// policy waits until the API server writes images as a policy says, or no longer does.
func (c *Cluster) policy(ctx context.Context, e gateway.Environment, d Disorder, on bool) error {
	return c.until(ctx, func() error {
		const probe = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/datahub-gateway:v0.0.0"
		then, err := c.patch(ctx, e, `{"spec":{"template":{"spec":{"containers":[{"name":"gateway","image":"`+probe+`"}]}}}}`, true)
		if err != nil {
			return err
		}
		if got := container(then).Image; (got == d.writes(probe)) != on {
			return fmt.Errorf("the API server writes %s as %s", probe, got)
		}
		return nil
	})
}

// counted tells whether the quota's controller has counted: until then it allows everything.
func (c *Cluster) counted(ctx context.Context, e gateway.Environment) error {
	quota, err := c.typed.CoreV1().ResourceQuotas(e.Namespace).Get(ctx, manager, metav1.GetOptions{})
	if err == nil && len(quota.Status.Used) == 0 {
		return errors.New("the quota has not been counted")
	}
	return err
}

func groundOf(e gateway.Environment, d *appsv1.Deployment) Ground {
	image := container(d).Image
	g := Ground{Environment: e.Name, Namespace: e.Namespace, Deployment: e.Deployment, Image: image, Pods: 1, CPU: "900m"}
	if d.Spec.Replicas != nil {
		g.Pods = *d.Spec.Replicas
	}
	g.Registry, _, _ = strings.Cut(image, "/")
	return g
}

// fill fills a template in.
func fill(name, text string, g Ground) (string, error) {
	t, err := template.New(name).Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, g)
	return out.String(), err
}

//go:embed manifests/*.yaml
var manifests embed.FS

// resources says where an object of each kind in the manifests is sent.
var resources = map[string]schema.GroupVersionResource{
	"ResourceQuota":                  {Version: "v1", Resource: "resourcequotas"},
	"LimitRange":                     {Version: "v1", Resource: "limitranges"},
	"HorizontalPodAutoscaler":        {Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"},
	"MutatingAdmissionPolicy":        {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingadmissionpolicies"},
	"MutatingAdmissionPolicyBinding": {Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingadmissionpolicybindings"},
}

// objects creates the objects of a manifest, or deletes them.
func (c *Cluster) objects(ctx context.Context, manifest string, g Ground, there bool) error {
	all, err := render(manifest, g)
	if err != nil {
		return err
	}
	for _, o := range all {
		to := c.untyped.Resource(resources[o.GetKind()]).Namespace(o.GetNamespace())
		if there {
			_, err = to.Create(ctx, o, metav1.CreateOptions{FieldManager: manager})
		} else {
			err = to.Delete(ctx, o.GetName(), metav1.DeleteOptions{})
		}
		if err != nil && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) {
			return fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// render returns the objects of a manifest, in the namespace of the environment where their kind has one.
func render(manifest string, g Ground) ([]*unstructured.Unstructured, error) {
	data, err := manifests.ReadFile("manifests/" + manifest)
	if err != nil {
		return nil, err
	}
	text, err := fill(manifest, string(data), g)
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(text)), 4096)
	for {
		var o unstructured.Unstructured
		if err := decoder.Decode(&o); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", manifest, err)
		}
		if resource, ok := resources[o.GetKind()]; !ok {
			return nil, fmt.Errorf("%s: a %s is sent nowhere", manifest, o.GetKind())
		} else if resource.Group != "admissionregistration.k8s.io" {
			o.SetNamespace(g.Namespace)
		}
		out = append(out, &o)
	}
}
