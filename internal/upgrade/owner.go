package upgrade

import (
	"context"
	"os/exec"
	"strings"
	"time"
)

// ownerTime is how long a package manager may take to answer.
const ownerTime = 5 * time.Second

// Owner is a package manager that installed the program.
type Owner struct {
	Name    string
	Upgrade string // the command that upgrades it
}

// byPath recognises those that install into separate directories.
var byPath = []struct {
	part  string
	owner Owner
}{
	{"/Cellar/", Owner{"Homebrew", "brew upgrade facecraft"}},
	{"/nix/store/", Owner{"Nix", "nix profile upgrade facecraft"}},
	{"/scoop/apps/", Owner{"Scoop", "scoop update facecraft"}},
	{"/winget/packages/", Owner{"winget", "winget upgrade djok.facecraft"}},
}

// byDatabase are the commands that succeed if a package contains the file. These
// packages are in no repository, so upgrades have to be downloaded.
var byDatabase = []struct {
	command      []string
	name, suffix string
	install      string
}{
	{[]string{"dpkg", "-S"}, "dpkg", ".deb", "sudo apt-get install "},
	{[]string{"rpm", "-qf"}, "rpm", ".rpm", "sudo rpm -U "},
	{[]string{"pacman", "-Qo"}, "pacman", ".pkg.tar.zst", "sudo pacman -U "},
	{[]string{"apk", "info", "-W"}, "apk", ".apk", "sudo apk add --allow-untrusted "},
}

// OwnerOf finds the package manager that installed a program. The path has no
// symbolic links; base is the URL of the releases.
func OwnerOf(ctx context.Context, path, platform, base string) (Owner, bool) {
	slashed := strings.ReplaceAll(path, `\`, "/")
	for _, known := range byPath {
		if strings.Contains(slashed, known.part) || strings.Contains(strings.ToLower(slashed), known.part) {
			return known.owner, true
		}
	}
	ctx, cancel := context.WithTimeout(ctx, ownerTime)
	defer cancel()
	for _, known := range byDatabase {
		args := append(known.command[1:len(known.command):len(known.command)], path)
		if exec.CommandContext(ctx, known.command[0], args...).Run() == nil {
			file := "facecraft_" + platform + known.suffix
			return Owner{known.name, "curl -fLO " + base + "/latest/download/" + file + " && " + known.install + "./" + file},
				true
		}
	}
	return Owner{}, false
}
