package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"

	"datahub.io/slipway/sandbox/gateway"
	"datahub.io/slipway/sandbox/kubelet"
	"datahub.io/slipway/sandbox/outside"
	"datahub.io/slipway/sandbox/prom"
	"datahub.io/slipway/sandbox/top"
)

// parts are the programs in this binary, by the name of the command that runs each. They find their arguments in os.Args, as they would in a
// binary of their own, and return the exit code.
var parts = map[string]func() int{
	"etcd":        func() int { etcdmain.Main(os.Args); return 0 },
	"apiserver":   func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"controllers": func() int { return cli.Run(controllers.NewControllerManagerCommand()) },
	"scheduler":   func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
	"kwok":        runNodes,
	"gateway":     func() int { return gateway.Main(os.Args[1:]) },
	"prometheus":  func() int { return prom.Main(os.Args[1:]) },
	"metrics":     func() int { return top.Main(os.Args[1:]) },
	"outside":     func() int { return outside.Main(os.Args[1:]) },
}

// runNodes runs kwok and the sandbox's kubelet. Arguments before -- are the kubelet's, those after it kwok's.
func runNodes() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	split := slices.Index(os.Args, "--")
	if split < 0 {
		fmt.Fprintln(os.Stderr, "kwok: -- is missing between the kubelet's arguments and kwok's")
		return 2
	}
	var o kubelet.Options
	own := flag.NewFlagSet("kwok", flag.ExitOnError)
	own.StringVar(&o.Listen, "listen", "", "address of the kubelet")
	own.StringVar(&o.Cert, "cert", "", "file of its serving certificate")
	own.StringVar(&o.Key, "key", "", "file of its key")
	own.Float64Var(&o.Speed, "speed", 1, "how much faster than life")
	own.StringVar(&o.Kubeconfig, "kubeconfig", "", "kubeconfig of an administrator")
	own.Parse(os.Args[1:split])
	os.Args = append(os.Args[:1], os.Args[split+1:]...)
	ended := make(chan error, 2)
	go func() { ended <- kubelet.Serve(ctx, o) }()
	go func() { ended <- runKwok(ctx) }()
	if err := <-ended; err != nil {
		fmt.Fprintln(os.Stderr, "kwok:", err)
		return 1
	}
	return 0
}

// runKwok needs its logger and its --config flag put into the context before the command is made.
func runKwok(ctx context.Context) error {
	flags := pflag.NewFlagSet("kwok", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	ctx, _ = kwoklog.InitFlags(ctx, flags)
	ctx, err := kwokconfig.InitFlags(ctx, flags)
	if err != nil {
		return err
	}
	command := kwok.NewCommand(ctx)
	command.Version = "" // component-base owns the process-wide --version flag, and cobra insists that it be a bool
	command.PersistentFlags().AddFlagSet(flags)
	return command.ExecuteContext(ctx)
}
