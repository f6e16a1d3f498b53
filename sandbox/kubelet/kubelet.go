package kubelet

import (
	"context"
	"errors"
	"net/http"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Options says how to serve.
type Options struct {
	// Kubeconfig is an administrator's. Listen is host:port; Cert and Key are files.
	Kubeconfig, Listen, Cert, Key string
	// Speed is how much faster than life the sandbox is.
	Speed float64
}

// Serve lets pods live, serves logs and records events until the context ends.
func Serve(ctx context.Context, o Options) error {
	config, err := clientcmd.BuildConfigFromFlags("", o.Kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 100, 200
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	go Live(ctx, client, o.Speed)
	server := &http.Server{Addr: o.Listen, Handler: Handler(client, o.Speed)}
	go func() { <-ctx.Done(); server.Close() }()
	if err := server.ListenAndServeTLS(o.Cert, o.Key); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
