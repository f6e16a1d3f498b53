package up

import (
	"bytes"
	_ "embed"
	"text/template"
)

//go:embed slipway.yaml.tmpl
var configTemplate string

// endpoints are the addresses of a sandbox, as the console's configuration and DIR/ready name them.
type endpoints struct {
	Dir, Kubeconfig, State                              string
	APIServer, Prometheus, Gateway, Staging, Production string
	Canary, Routes, Quiet                               string
}

// config is the console's configuration for a sandbox.
func (e endpoints) config() ([]byte, error) {
	t, err := template.New("slipway.yaml").Parse(configTemplate)
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
		"\nhealth-quiet=" + e.Quiet + "\n")
}
