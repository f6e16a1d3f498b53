package supervise

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports finds n free TCP ports of the loopback interface. They lie below the range that Linux takes ports from for outgoing connections, so
// that a part which is stopped finds its port free when it is started again.
func Ports(n int) ([]int, error) {
	const low, high, attempts = 15000, 32000, 1000
	var ports []int
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	for range attempts {
		port := low + rand.IntN(high-low)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		held, ports = append(held, l), append(ports, port)
		if len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("found only %d of %d free ports between %d and %d", len(ports), n, low, high)
}
