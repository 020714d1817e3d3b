package plan

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/fault"
)

// User is an account by its numbers, as the kernel knows it.
type User struct {
	UID int `json:"uid"`
	GID int `json:"gid"`
}

func (u User) String() string { return fmt.Sprintf("%d:%d", u.UID, u.GID) }

// imageUser is the published images' appuser.
var imageUser = User{1000, 1000}

// How a container's users relate to those outside. (docker run --userns)
const (
	// hostUsers takes the container out of the daemon's remapping.
	hostUsers = "host"
	// keepID makes Podman's caller the image's user. (podman-run(1), --userns)
	keepID = "keep-id:uid=1000,gid=1000"
)

// homelessEnv is what a user without an entry in the image's /etc/passwd
// needs: the models' place, and caches that can be written to. Without
// NUMBA_CACHE_DIR importing rembg fails for such a user.
var homelessEnv = []Env{
	{"U2NET_HOME", "/home/appuser/.u2net"},
	{"NUMBA_CACHE_DIR", "/tmp/numba"},
	{"MPLCONFIGDIR", "/tmp/matplotlib"},
	{"TORCH_HOME", "/tmp/torch"},
	{"XDG_CACHE_HOME", "/tmp/cache"},
}

// chooseData puts the variant's volumes into the directory that was asked
// for, and has the server run as the user whose files they are to be.
func (m *maker) chooseData(v Variant) error {
	dir := m.request.Data
	if dir == "" {
		return nil
	}
	if !utf8.ValidString(dir) {
		return fault.New(fault.Usage, "use another directory: Docker and YAML hold nothing else", "the name %q is not UTF-8", dir)
	}
	selinux := m.facts.Daemon.SELinux.Value
	if selinux && strings.Contains(dir, ":") {
		return fault.New(fault.Usage, "use a directory without a colon in its name",
			"Docker cannot label %q for SELinux", dir)
	}
	owner := m.chooseUser()
	m.server.Volumes = nil
	for _, volume := range v.Volumes {
		m.server.Binds = append(m.server.Binds, Bind{
			Source: joinPath(dir, path.Base(volume.Target)), Target: volume.Target, Owner: owner, Relabel: selinux,
		})
	}
	m.because("data in "+dir, "asked for with --data")
	if selinux {
		m.because("SELinux label", "containers may not read other files: %s", m.facts.Daemon.SELinux.Evidence)
	}
	return nil
}

// joinPath keeps the separator of the host's own paths.
func joinPath(dir, name string) string {
	separator := "/"
	if strings.Contains(dir, `\`) && !strings.Contains(dir, "/") {
		separator = `\`
	}
	return strings.TrimRight(dir, separator) + separator + name
}

// chooseUser decides as whom the server writes to the host's files, and
// returns who is to own directories that have to be made; nil is whoever makes
// them.
func (m *maker) chooseUser() (owner *User) {
	c, d, caller := &m.server, m.facts.Daemon, m.facts.Caller
	remapped := d.UserNamespaces.Value
	switch {
	case d.Kind.Value == KindDesktop || m.facts.Host.OS != "linux" || !caller.Known:
		// The shares of virtual machines give every file to whoever asks; Windows has no
		// such numbers.
		m.because("user "+c.User, "the image's own; shared directories have no owners here")
		return nil
	case remapped && d.Kind.Value == KindPodman:
		c.UserNamespace = keepID
		m.because("user "+c.User, "Podman makes it you: %s", keepID)
	case remapped && d.Kind.Value == KindRootless:
		c.User = "0:0"
		m.otherUser()
		m.because("user 0:0", "in rootless Docker root is you, and no other user is")
	case caller.Value.UID == 0:
		m.leaveRemapping(remapped)
		m.because("user "+c.User, "the image's own, since a server never runs as root; the directories become its own")
		return &imageUser
	case caller.Value.UID == imageUser.UID:
		m.leaveRemapping(remapped)
		m.because("user "+c.User, "the image's own is yours too (%s)", caller.Evidence)
	default:
		m.leaveRemapping(remapped)
		c.User = caller.Value.String()
		m.otherUser()
		m.because("user "+c.User, "the files are to be yours (%s)", caller.Evidence)
	}
	return &caller.Value
}

// leaveRemapping makes a user outside the container the same one inside.
func (m *maker) leaveRemapping(remapped bool) {
	if remapped {
		m.server.UserNamespace = hostUsers
		m.because("user namespace host", "the daemon gives containers other users: %s", m.facts.Daemon.UserNamespaces.Evidence)
	}
}

// otherUser lets a user that the image does not know read its files: the GPU
// image's home is closed to all but its group.
func (m *maker) otherUser() {
	m.server.GroupAdd = []string{fmt.Sprint(imageUser.GID)}
	m.server.Env = append(m.server.Env, homelessEnv...)
}
