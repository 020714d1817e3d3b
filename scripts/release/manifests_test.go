package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	version = "1.2.3"
	base    = "https://github.com/djok/facecraft/releases/download/v1.2.3"
)

// manifest fills in a template for a release whose archives have made-up
// checksums.
func manifest(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	var sums strings.Builder
	for i, platform := range []string{"linux_amd64.tar.gz", "linux_arm64.tar.gz", "darwin_amd64.tar.gz",
		"darwin_arm64.tar.gz", "windows_amd64.zip", "windows_arm64.zip"} {
		fmt.Fprintf(&sums, "%064x  facecraft_%s\n", i+1, platform)
	}
	checksums, out := filepath.Join(dir, "checksums.txt"), filepath.Join(dir, filepath.Base(name))
	if err := os.WriteFile(checksums, []byte(sums.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	values := []string{"version=" + version, "base=" + base}
	if err := render(filepath.Join("templates", name), out, checksums, values); err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var sha256 = regexp.MustCompile(`^[0-9a-f]{64}$`)

// TestScoop: the fields that Scoop's schema requires, and updates to where this
// release was.
func TestScoop(t *testing.T) {
	var m struct {
		Version, Description, Homepage, License, Bin string
		Architecture                                 map[string]struct{ URL, Hash string }
		AutoUpdate                                   struct {
			Architecture map[string]struct{ URL string }
		}
	}
	if err := json.Unmarshal(read(t, manifest(t, "scoop.json")), &m); err != nil {
		t.Fatal(err)
	}
	if m.Version != version || m.Description == "" || m.Homepage == "" || m.License == "" || m.Bin != "facecraft.exe" {
		t.Errorf("a required field is missing: %+v", m)
	}
	for _, arch := range []string{"64bit", "arm64"} {
		a := m.Architecture[arch]
		if next := strings.ReplaceAll(m.AutoUpdate.Architecture[arch].URL, "$version", version); next != a.URL ||
			!strings.HasPrefix(a.URL, base+"/") || !sha256.MatchString(a.Hash) {
			t.Errorf("%s: %+v, updates from %s", arch, a, next)
		}
	}
}

// TestWinget: the fields that winget's schemas of version 1.6.0 require, which
// agree between the three files.
func TestWinget(t *testing.T) {
	type installer struct {
		Architecture    string `yaml:"Architecture"`
		InstallerURL    string `yaml:"InstallerUrl"`
		InstallerSha256 string `yaml:"InstallerSha256"`
	}
	files := map[string]map[string]any{}
	var installers struct {
		Installers []installer `yaml:"Installers"`
	}
	for name, required := range map[string][]string{
		"djok.facecraft":           {"DefaultLocale"},
		"djok.facecraft.installer": {"InstallerType", "NestedInstallerType", "NestedInstallerFiles", "Installers"},
		"djok.facecraft.locale.en-US": {"PackageLocale", "Publisher", "PackageName", "License", "ShortDescription",
			"PackageUrl", "LicenseUrl"},
	} {
		data, m := read(t, manifest(t, "winget/"+name+".yaml")), map[string]any{}
		if err := yaml.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		files[name] = m
		if m["PackageIdentifier"] != "djok.facecraft" || m["PackageVersion"] != version || m["ManifestVersion"] != "1.6.0" ||
			!strings.Contains(string(data), fmt.Sprintf("winget-manifest.%s.1.6.0.schema.json", m["ManifestType"])) {
			t.Errorf("%s: %v", name, m)
		}
		for _, field := range required {
			if m[field] == nil || m[field] == "" {
				t.Errorf("%s has no %s", name, field)
			}
		}
		if name == "djok.facecraft.installer" {
			if err := yaml.Unmarshal(data, &installers); err != nil {
				t.Fatal(err)
			}
		}
	}
	if files["djok.facecraft"]["DefaultLocale"] != files["djok.facecraft.locale.en-US"]["PackageLocale"] {
		t.Error("the default locale has no file")
	}
	for i, arch := range []string{"x64", "arm64"} {
		if in := installers.Installers[i]; in.Architecture != arch || !strings.HasPrefix(in.InstallerURL, base+"/") ||
			!sha256.MatchString(in.InstallerSha256) {
			t.Errorf("%+v", in)
		}
	}
}

// sourceInfo prints what makepkg --printsrcinfo prints of a PKGBUILD.
const sourceInfo = `set -eu
. "$1"
printf 'pkgbase = %s\n' "$pkgname"
for name in pkgdesc pkgver pkgrel url arch license optdepends provides conflicts; do
    declare -n values=$name
    for value in "${values[@]}"; do printf '\t%s = %s\n' "$name" "$value"; done
done
for arch in "${arch[@]}"; do
    declare -n source=source_$arch sums=sha256sums_$arch
    printf '\tsource_%s = %s\n\tsha256sums_%s = %s\n' "$arch" "$source" "$arch" "$sums"
done
printf '\npkgname = %s\n' "$pkgname"
[ "$(type -t package)" = function ]
`

// TestAUR: the PKGBUILD is a valid script, and .SRCINFO is what it says.
func TestAUR(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	output, err := exec.Command(bash, "-c", sourceInfo, "bash", manifest(t, "aur/PKGBUILD")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if want := string(read(t, manifest(t, "aur/SRCINFO"))); string(output) != want {
		t.Errorf("the PKGBUILD says\n%s\nand .SRCINFO\n%s", output, want)
	}
}

// TestSyntax has Ruby and Nix parse their files, where they are installed.
func TestSyntax(t *testing.T) {
	for name, command := range map[string][]string{"facecraft.rb": {"ruby", "-c"},
		"package.nix": {"nix-instantiate", "--parse"}} {
		path := manifest(t, name)
		if text := string(read(t, path)); strings.Contains(text, "{{") || !strings.Contains(text, base+"/facecraft_") {
			t.Errorf("%s is not filled in:\n%s", name, text)
		}
		program, err := exec.LookPath(command[0])
		if err != nil {
			t.Logf("%s is not installed", command[0])
			continue
		}
		if output, err := exec.Command(program, append(command[1:], path)...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, output)
		}
	}
}
