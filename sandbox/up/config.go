package up

import (
	"bytes"
	_ "embed"
	"text/template"
)

var (
	//go:embed slipway.yaml.tmpl
	configTemplate string
	// verifiedTemplate is a configuration whose items before the deploy are verified outside of the cluster.
	//go:embed verified.yaml.tmpl
	verifiedTemplate string
)

// endpoints are the addresses of a sandbox, as the console's configuration and DIR/ready name them.
type endpoints struct {
	Dir, Kubeconfig, State                              string
	APIServer, Prometheus, Gateway, Staging, Production string
	Canary, Routes, Quiet                               string
	Registry, GitHub                                    string
}

// config is a configuration of the console for a sandbox, from its template.
func (e endpoints) config(text string) ([]byte, error) {
	t, err := template.New("slipway.yaml").Parse(text)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, e)
	return out.Bytes(), err
}

// ready is the content of DIR/ready.
func (e endpoints) ready() []byte {
	return []byte("apiserver=" + e.APIServer +
		"\nprometheus=" + e.Prometheus +
		"\ngateway-metrics=" + e.Gateway + "/metrics" +
		"\nhealth-staging=" + e.Staging +
		"\nhealth-production=" + e.Production +
		"\nhealth-canary=" + e.Canary +
		"\nhealth-routes=" + e.Routes +
		"\nhealth-quiet=" + e.Quiet +
		"\nregistry=" + e.Registry +
		"\ngithub=" + e.GitHub + "\n")
}
