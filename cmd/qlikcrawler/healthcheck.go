package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// newHealthcheck is for containers that have no other program than this one.
func newHealthcheck(a *app) *cobra.Command {
	var address string
	var alive bool
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the running service whether it is well",
		Long: `Ask the service on this machine whether its database is reachable and migrated (/readyz), and fail if it
isn't. For the health checks of containers. A certificate isn't checked on the way to this machine itself.`,
		Example: "  qlikcrawler healthcheck\n  qlikcrawler healthcheck --alive --url https://127.0.0.1:8443",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if address == "" {
				address = ownAddress(a.env.Getenv("QLIKCRAWLER_LISTEN"))
			}
			path := "/readyz"
			if alive {
				path = "/healthz"
			}
			return healthy(cmd.Context(), strings.TrimSuffix(address, "/")+path)
		},
	}
	cmd.Flags().StringVar(&address, "url", "", "address of the service (default: this machine's, at the port of QLIKCRAWLER_LISTEN)")
	cmd.Flags().BoolVar(&alive, "alive", false, "ask only whether the process lives (/healthz)")
	return cmd
}

// ownAddress is where a service that listens on this address is reached from its own machine.
func ownAddress(listen string) string {
	if listen == "" {
		listen = defaultListen
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "http://" + listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// healthy asks; nil: all is well.
func healthy(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return wrongUse("--url: want http://HOST:PORT or https://HOST:PORT")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return wrongUse("--url: %w", err)
	}
	ip := net.ParseIP(u.Hostname())
	own := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: own},
	}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the service doesn't answer: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("the service doesn't answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the service answers %s: %s", resp.Status, strings.TrimSpace(string(body)))
	}
	return nil
}
