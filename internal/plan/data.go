package plan

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/fault"
)

// User is an account by uid and gid.
type User struct {
	UID int `json:"uid"`
	GID int `json:"gid"`
}

func (u User) String() string { return fmt.Sprintf("%d:%d", u.UID, u.GID) }

// imageUser is the published images' appuser.
var imageUser = User{1000, 1000}

// User namespace modes. (docker run --userns)
const (
	// hostUsers disables the daemon's user namespace remapping for the
	// container.
	hostUsers = "host"
	// keepID maps the user who runs Podman to the image's user. (podman-run(1),
	// --userns)
	keepID = "keep-id:uid=1000,gid=1000"
)

// homelessEnv is needed by a user without an entry in the image's /etc/passwd:
// the path of the models, and writable caches. Without NUMBA_CACHE_DIR,
// importing rembg fails for such a user.
var homelessEnv = []Env{
	{"U2NET_HOME", "/home/appuser/.u2net"},
	{"NUMBA_CACHE_DIR", "/tmp/numba"},
	{"MPLCONFIGDIR", "/tmp/matplotlib"},
	{"TORCH_HOME", "/tmp/torch"},
	{"XDG_CACHE_HOME", "/tmp/cache"},
}

// chooseData puts the variant's volumes into the requested directory and has
// the server run as the user who will own the files.
func (m *maker) chooseData(v Variant) error {
	dir := m.request.Data
	if dir == "" {
		return nil
	}
	if !utf8.ValidString(dir) {
		return fault.New(fault.Usage, "use a directory with a UTF-8 name: Docker and YAML accept nothing else",
			"the name %q is not UTF-8", dir)
	}
	selinux := m.facts.Daemon.SELinux.Value
	if selinux && strings.Contains(dir, ":") {
		return fault.New(fault.Usage, "use a directory without a colon in its name",
			"Docker cannot relabel %q for SELinux", dir)
	}
	owner := m.chooseUser(&m.server)
	m.server.Volumes = nil
	for _, volume := range v.Volumes {
		m.server.Binds = append(m.server.Binds, Bind{
			Source: joinPath(dir, path.Base(volume.Target)), Target: volume.Target, Owner: owner, Relabel: selinux,
		})
	}
	m.because("data in "+dir, "requested with --data")
	if selinux {
		m.because("SELinux label", "containers cannot read unlabelled files: %s", m.facts.Daemon.SELinux.Evidence)
	}
	return nil
}

// joinPath keeps the host's path separator.
func joinPath(dir, name string) string {
	separator := "/"
	if strings.Contains(dir, `\`) && !strings.Contains(dir, "/") {
		separator = `\`
	}
	return strings.TrimRight(dir, separator) + separator + name
}

// chooseUser decides which user a container uses host files as, and returns
// the owner for directories that have to be created; nil means whoever creates
// them.
func (m *maker) chooseUser(c *Container) (owner *User) {
	d, caller := m.facts.Daemon, m.facts.Caller
	remapped := d.UserNamespaces.Value
	switch {
	case d.Kind.Value == KindDesktop || m.facts.Host.OS != "linux" || !caller.Known:
		// Directories shared with a virtual machine have no real owners;
		// Windows has no uids.
		m.because("user "+c.User, "from the image; shared directories have no owners here")
		return nil
	case remapped && d.Kind.Value == KindPodman:
		c.UserNamespace = keepID
		m.because("user "+c.User, "Podman maps it to you: %s", keepID)
	case remapped && d.Kind.Value == KindRootless:
		c.User = "0:0"
		c.allowUnknownUser()
		m.because("user 0:0", "in rootless Docker, root is you")
	case caller.Value.UID == 0:
		m.leaveRemapping(c, remapped)
		m.because("user "+c.User, "from the image, because a server never runs as root; it becomes the directories' owner")
		return &imageUser
	case caller.Value.UID == imageUser.UID:
		m.leaveRemapping(c, remapped)
		m.because("user "+c.User, "the image's user is you (%s)", caller.Evidence)
	default:
		m.leaveRemapping(c, remapped)
		c.User = caller.Value.String()
		c.allowUnknownUser()
		m.because("user "+c.User, "so that you own the files (%s)", caller.Evidence)
	}
	return &caller.Value
}

// leaveRemapping turns off user namespace remapping, so that a uid is the same
// inside and outside the container.
func (m *maker) leaveRemapping(c *Container, remapped bool) {
	if remapped {
		c.UserNamespace = hostUsers
		m.because("user namespace host", "the daemon remaps container users: %s", m.facts.Daemon.UserNamespaces.Evidence)
	}
}

// allowUnknownUser lets a user without an entry in the image read its files: in
// the GPU image, only the group can read the home directory.
func (c *Container) allowUnknownUser() {
	c.GroupAdd = []string{fmt.Sprint(imageUser.GID)}
	c.Env = append(c.Env, homelessEnv...)
}
