package registry

import (
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// Login is what the daemon needs to pull as the user. The zero value is
// anonymous.
type Login struct {
	Username, Password           string
	IdentityToken, RegistryToken string
}

// Login finds the login for an image in Docker's configuration, including its
// credential helpers. If the configuration cannot be used, for example because
// the credsStore program is missing (common on WSL), the login is anonymous,
// and note says so.
func (c Client) Login(reference string) (login Login, note string) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return Login{}, ""
	}
	auth, note := c.authenticator(ref)
	config, err := auth.Authorization()
	if err != nil {
		return Login{}, anonymously(ref, err)
	}
	return Login{config.Username, config.Password, config.IdentityToken, config.RegistryToken}, note
}

func (c Client) authenticator(ref name.Reference) (authn.Authenticator, string) {
	keychain := c.Keychain
	if keychain == nil {
		keychain = authn.DefaultKeychain
	}
	auth, err := keychain.Resolve(ref.Context())
	if err != nil {
		return authn.Anonymous, anonymously(ref, err)
	}
	return auth, ""
}

func anonymously(ref name.Reference, err error) string {
	return fmt.Sprintf("Docker's stored login for %s cannot be read, continuing without it: %v",
		ref.Context().RegistryStr(), err)
}
