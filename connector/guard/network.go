// Package guard keeps what people say through the API from reaching what they may not: addresses on the
// network, files of this machine, and secrets that are nobody's business.
package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/qlikcrawler/qlikcrawler/catalog"
)

// A Network says which addresses may be connected to. The zero value allows every one.
//
// What counts is the address at the moment of dialing, not the name: a name that resolves to something
// else the second time gets no further. Private addresses are the normal case for Qlik Sense, and so are
// allowed unless a person denies them; what is never a Qlik site (link-local addresses, with the metadata
// services of clouds among them, and multicast) is denied unless a person allows it.
type Network struct {
	Deny  []netip.Prefix
	Allow []netip.Prefix // wins over Deny
}

// named are the words that stand for networks in a list.
var named = map[string][]string{
	"private":    {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"},
	"loopback":   {"127.0.0.0/8", "::1/128"},
	"link-local": {"169.254.0.0/16", "fe80::/10"},
	// The metadata services of AWS (IPv6), Alibaba and Azure that aren't link-local.
	"metadata":  {"fd00:ec2::/32", "100.100.100.200/32", "168.63.129.16/32"},
	"multicast": {"224.0.0.0/4", "ff00::/8", "255.255.255.255/32"},
	"all":       {"0.0.0.0/0", "::/0"},
}

// alwaysDenied is what a Network made by NewNetwork denies, whatever else it does.
var alwaysDenied = []string{"link-local", "metadata", "multicast"}

// NewNetwork makes a Network of two lists: networks (10.0.0.0/8), addresses, and the words private,
// loopback, link-local, metadata, multicast and all, with commas or spaces between them. Besides what deny says, link-local
// addresses, metadata services and multicast are denied; allow is the exception to all of it.
func NewNetwork(deny, allow string) (Network, error) {
	denied, err := prefixes(strings.Join(append(alwaysDenied, deny), ","))
	if err != nil {
		return Network{}, err
	}
	allowed, err := prefixes(allow)
	return Network{Deny: denied, Allow: allowed}, err
}

func prefixes(list string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		texts, ok := named[word]
		if !ok {
			texts = []string{word}
		}
		for _, text := range texts {
			p, err := prefix(text)
			if err != nil {
				return nil, fmt.Errorf("%q is no network: write 10.0.0.0/8, an address, or one of private, loopback, link-local, metadata, multicast, all", word)
			}
			all = append(all, p)
		}
	}
	return all, nil
}

func prefix(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		return netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// nat64 is the well-known prefix in which an IPv6 address holds an IPv4 one (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// Allows tells whether an address may be connected to.
func (n Network) Allows(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	if ip.IsUnspecified() { // what it leads to is this machine
		ip = netip.IPv6Loopback()
		if !n.Allows(netip.AddrFrom4([4]byte{127, 0, 0, 1})) {
			return false
		}
	}
	for _, p := range n.Allow {
		if p.Contains(ip) {
			return true
		}
	}
	for _, p := range n.Deny {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// ErrDenied is in the chain of an error of a connection that wasn't made since its address is denied.
var ErrDenied = errors.New("this program may not connect to this address")

// DialContext connects as net.Dialer does, but to addresses that are allowed only. It is a
// connector.DialFunc.
func (n Network) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: 20 * time.Second, KeepAlive: 30 * time.Second, Control: n.Control}
	return d.DialContext(ctx, network, addr)
}

// Control is for the field of that name of a net.Dialer: it sees each address after its name was resolved,
// before anything is sent to it.
func (n Network) Control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read the address %s: %w", address, err)
	}
	if n.Allows(at.Addr()) {
		return nil
	}
	return n.refusal(at.Addr())
}

func (n Network) refusal(ip netip.Addr) error {
	return &catalog.Error{
		Code: catalog.CodeForbidden, Op: "connect to", Key: catalog.Key(ip.String()), Err: ErrDenied,
		Cure: "Use another address. If this one is meant, whoever runs qlikcrawler may allow it with QLIKCRAWLER_ALLOW_NETWORKS.",
	}
}

// CheckHost refuses a host that is written as an address that is denied, or is the name of a metadata
// service; other names are seen when they are dialed. why is a sentence, "" if there is nothing against it.
func (n Network) CheckHost(host string) (why string) {
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	ip, err := netip.ParseAddr(host)
	if err != nil {
		if host == "metadata.google.internal" && !n.Allows(netip.AddrFrom4([4]byte{169, 254, 169, 254})) {
			return "is the metadata service of a cloud, and no Qlik site"
		}
		return ""
	}
	if n.Allows(ip) {
		return ""
	}
	return "is an address that this program may not connect to; whoever runs it may allow it with QLIKCRAWLER_ALLOW_NETWORKS"
}
