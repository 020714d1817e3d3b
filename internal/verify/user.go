package verify

import (
	"slices"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/inventory"
)

// user is the user that the server runs as.
type user struct {
	UID, GID int
	Groups   []int
	Home     string
	known    bool
	missing  string // a name that is not in the image's files
}

// userOf resolves USER as the engine does: from the image's own files.
func userOf(inv inventory.Inventory) user {
	name, group, _ := strings.Cut(inv.Config.User, ":")
	u := user{Home: "/", known: true}
	uid, err := strconv.Atoi(name)
	numeric := err == nil
	if numeric {
		u.UID = uid
	}
	if inv.Depth < inventory.FilesDepth {
		u.known = numeric || name == "" || name == "root"
		return u
	}
	found := name == "" || numeric
	if name == "" {
		name = "0"
	}
	for _, line := range lines(inv, "etc/passwd") {
		f := strings.Split(line, ":")
		if len(f) >= 6 && (f[0] == name || f[2] == name) {
			u.UID, _ = strconv.Atoi(f[2])
			u.GID, _ = strconv.Atoi(f[3])
			name, u.Home, found = f[0], f[5], true
			break
		}
	}
	if !found {
		if name == "root" {
			return u // without a passwd file, Docker treats it as 0
		}
		u.missing, u.known = name, false
	}
	u.groups(inv, name, group)
	return u
}

func (u *user) groups(inv inventory.Inventory, name, group string) {
	if gid, err := strconv.Atoi(group); err == nil {
		u.GID = gid
	}
	for _, line := range lines(inv, "etc/group") {
		f := strings.Split(line, ":")
		if len(f) < 4 {
			continue
		}
		gid, err := strconv.Atoi(f[2])
		switch {
		case err != nil:
		case f[0] == group:
			u.GID = gid
		case group == "":
			if slices.Contains(strings.Split(f[3], ","), name) {
				u.Groups = append(u.Groups, gid)
			}
		}
	}
}

func lines(inv inventory.Inventory, file string) []string {
	node, _ := inv.Files.Find(file)
	if node == nil || node.Facts == nil {
		return nil
	}
	return strings.Split(node.Facts.Text, "\n")
}

// may reports whether a file's mode bits grant the user a right (4 read, 2 write,
// 1 search).
func (u user) may(right uint32, e *inventory.Node) bool {
	switch {
	case u.UID == 0:
		return true
	case e.UID == u.UID:
		return e.Mode>>6&right == right
	case e.GID == u.GID || slices.Contains(u.Groups, e.GID):
		return e.Mode>>3&right == right
	}
	return e.Mode&right == right
}
