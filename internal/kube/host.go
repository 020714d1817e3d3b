package kube

import (
	"fmt"
	"regexp"
)

// hostName is what an Ingress takes: a DNS name in lower case, whose first part
// may be a star. (Kubernetes, pkg/apis/networking/validation: ValidateIngress)
var hostName = regexp.MustCompile(`^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

// address is an IPv4 address, which an Ingress does not take.
var address = regexp.MustCompile(`^[0-9.]+$`)

// maxHost is how long a DNS name may be, in bytes. (RFC 1123, 2.1)
const maxHost = 253

// CheckHost is the error of a host name that an Ingress would be refused for.
// Empty is none.
func CheckHost(host string) error {
	switch {
	case host == "":
		return nil
	case !hostName.MatchString(host) || address.MatchString(host) || len(host) > maxHost:
		return fmt.Errorf("%q is not a host name in lower case", host)
	}
	return nil
}
