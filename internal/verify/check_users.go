package verify

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/inventory"
)

func root(s *subject) []result {
	evidence := "USER is not set"
	if s.Config.User != "" {
		evidence = "USER " + s.Config.User
	}
	switch seen := s.seen.Identity; {
	case seen != nil && seen.UID == 0:
		return []result{fail("the server runs as root").with(evidence, "the container's own process has uid 0").
			keyed("root")}
	case s.user.missing != "":
		return []result{fail("USER %s is not in the image's passwd file: no container starts", s.user.missing).
			with(evidence).keyed("missing")}
	case !s.user.known:
		return []result{deeper(inventory.FilesDepth)}
	case s.user.UID == 0:
		return []result{fail("the server runs as root").with(evidence).keyed("root")}
	}
	return []result{pass("the server runs as uid %d", s.user.UID).with(evidence)}
}

// cachePerm follows the mode bits along the whole path, as the kernel does.
func cachePerm(s *subject) []result {
	switch {
	case s.user.missing != "":
		return []result{beside("no container starts: the user is missing")}
	case s.user.UID == 0:
		return []result{beside("root may read and write everything")}
	case s.variant.Name == "":
		return []result{unknown(notKnown)}
	}
	var list []result
	for _, model := range s.variant.Needs.Models {
		if r, ok := s.access(s.place(model), 4, "read the model "+model.Name); !ok {
			list = append(list, r)
		}
	}
	for _, volume := range s.variant.Volumes {
		if r, ok := s.access(volume.Target, 2, "write to "+volume.Target); !ok {
			list = append(list, r)
		}
	}
	list = append(list, s.unwritable()...)
	if r, ok := s.facexlib(); !ok {
		list = append(list, r)
	}
	if len(list) == 0 {
		list = append(list, pass("uid %d can read the models and write its directories", s.user.UID))
	}
	return list
}

// access reports whether the user has a right to a path. Missing files are another
// check's concern, except for a directory that must be writable.
func (s *subject) access(file string, right uint32, what string) (result, bool) {
	node, trail := s.Files.Find(file)
	for _, dir := range trail {
		if dir != node && !s.user.may(1, dir) {
			return s.denied(dir, what), false
		}
	}
	switch {
	case node == nil && right == 2:
		return s.creatable(file, trail, what)
	case node == nil, s.user.may(right, node):
		return result{}, true
	}
	return s.denied(node, what), false
}

// creatable reports whether the user can create a missing directory.
func (s *subject) creatable(file string, trail []*inventory.Node, what string) (result, bool) {
	if parent, _ := s.Files.Find(path.Dir(file)); parent != nil && s.user.may(2, parent) {
		return result{}, true
	}
	r := fail("uid %d cannot %s: the directory is missing and cannot be made", s.user.UID, what).
		at(strings.Trim(file, "/")).keyed(what)
	if len(trail) > 0 {
		r = r.with(describe(trail[len(trail)-1]))
	}
	return r, false
}

func (s *subject) denied(node *inventory.Node, what string) result {
	r := fail("uid %d cannot %s", s.user.UID, what).with(describe(node)).at(node.Path).keyed(what)
	if from := s.origin(node); from != "" {
		r = r.with(from)
	}
	return r
}

func describe(n *inventory.Node) string {
	return fmt.Sprintf("/%s: owner %d:%d, mode %04o", n.Path, n.UID, n.GID, n.Mode)
}

// unwritable returns the directories in which the running server could not write.
func (s *subject) unwritable() (list []result) {
	if s.seen.Identity == nil {
		return nil
	}
	for _, dir := range s.seen.Identity.Unwritable {
		list = append(list, fail("the running server cannot write to %s", dir).at(strings.Trim(dir, "/")).
			known(inventory.RunDepth).keyed("run "+dir))
	}
	return list
}

var facexlibDir = where("-packages/facexlib", `(site|dist)-packages/facexlib$`)

// facexlib writes missing weights into its own package. If they exist, nothing is
// written; if they are missing, model-closure says so.
func (s *subject) facexlib() (result, bool) {
	for node := range s.Files.All() {
		if node.Kind != inventory.Dir || !facexlibDir.match(node.Path) {
			continue
		}
		for file := range s.Files.Below(node.Path + "/weights") {
			if file.Kind != inventory.File {
				continue
			}
			if r, ok := s.access(file.Path, 4, "read "+path.Base(file.Path)); !ok {
				return r, false
			}
		}
	}
	return result{}, true
}

// baseSetuid lists programs of Debian's and Ubuntu's base images.
var baseSetuid = []string{"chage", "chfn", "chsh", "expiry", "gpasswd", "mount", "newgrp", "passwd", "su", "umount",
	"unix_chkpwd",
	"pam_extrausers_chkpwd", "wall", "write", "bsd-write", "ssh-agent", "ssh-keysign", "dbus-daemon-launch-helper"}

// ofBase distinguishes a program of the base from one with the same name
// elsewhere.
func ofBase(file string) bool {
	return slices.Contains(baseSetuid, path.Base(file)) && baseDirs.MatchString(file)
}

var baseDirs = regexp.MustCompile(`^(usr/)?(s?bin|lib(exec)?)/`)

func setuid(s *subject) []result {
	var list []string
	first := ""
	for node := range s.Files.All() {
		if node.Kind != inventory.File || node.Mode&0o6000 == 0 || ofBase(node.Path) {
			continue
		}
		if first == "" {
			first = node.Path
		}
		list = append(list, describe(node))
	}
	if len(list) == 0 {
		return []result{pass("only the base's own programs change the user")}
	}
	return []result{fail("%s not from the base can change the user", format.Count(len(list), "program", "programs")).
		with(some(list)...).at(first).keyed("setuid")}
}

func worldWritable(s *subject) []result {
	var list []string
	first := ""
	for node := range s.Files.All() {
		if node.Kind != inventory.File && node.Kind != inventory.Dir || node.Mode&0o1002 != 0o002 {
			continue
		}
		if first == "" {
			first = node.Path
		}
		list = append(list, describe(node))
	}
	if len(list) == 0 {
		return []result{pass("no file can be changed by everyone")}
	}
	return []result{fail("%s can be changed by every user", format.Count(len(list), "path", "paths")).
		with(some(list)...).at(first).keyed("writable")}
}
