package kube

import (
	"fmt"
	"regexp"
)

// hostName matches what an Ingress accepts: a lower-case DNS name, whose first
// part may be a star. (Kubernetes, pkg/apis/networking/validation:
// ValidateIngress)
var hostName = regexp.MustCompile(`^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

// address matches an IPv4 address, which an Ingress does not accept.
var address = regexp.MustCompile(`^[0-9.]+$`)

// maxHost is the maximum length of a DNS name, in bytes. (RFC 1123, 2.1)
const maxHost = 253

// CheckHost returns an error for a host name that an Ingress would reject. An
// empty host is valid: it means no Ingress.
func CheckHost(host string) error {
	switch {
	case host == "":
		return nil
	case !hostName.MatchString(host) || address.MatchString(host) || len(host) > maxHost:
		return fmt.Errorf("%q is not a lower-case host name", host)
	}
	return nil
}
