package up

import (
	"crypto/rand"
	"fmt"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"datahub.io/slipway/sandbox/gateway"
)

// user is an account of the sandbox's cluster.
type user struct {
	name, group string
	// file is the kubeconfig of this account.
	file string
}

// users are the accounts that are there, the first release engineer first. Group names are those of deploy/rbac.yaml.
var users = []user{
	{"eng-a", "release-engineers", "kubeconfig"},
	{"eng-b", "release-engineers", "eng-b.kubeconfig"},
	{"responder", "incident-responders", "responder.kubeconfig"},
	{"viewer", "release-viewers", "viewer.kubeconfig"},
	{"admin", "system:masters", adminKubeconfig},
}

const adminKubeconfig = "admin.kubeconfig"

// writeUsers writes the API server's token file and a kubeconfig for each account, with one context for each environment.
func writeUsers(d *Dir, server string, authority []byte) error {
	var tokens strings.Builder
	for i, u := range users {
		token := rand.Text()
		fmt.Fprintf(&tokens, "%s,%s,%d,%s\n", token, u.name, i+1, u.group)
		config := api.NewConfig()
		config.AuthInfos[u.name] = &api.AuthInfo{Token: token}
		for _, e := range gateway.Environments {
			config.Clusters[e.Name] = &api.Cluster{Server: server, CertificateAuthorityData: authority}
			config.Contexts[e.Name] = &api.Context{Cluster: e.Name, AuthInfo: u.name, Namespace: e.Namespace}
		}
		config.CurrentContext = gateway.Environments[0].Name // staging: what forgets to name a context must not reach production
		data, err := clientcmd.Write(*config)
		if err != nil {
			return err
		}
		if err := d.write(u.file, data, 0o600); err != nil {
			return err
		}
	}
	return d.write("pki/tokens.csv", []byte(tokens.String()), 0o600)
}
