package studio

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
)

// folderOf is the absolute path of the folder that the user named, or of the
// folder Facecraft in the user's pictures folder.
func folderOf(named string, getenv func(string) string) (string, error) {
	if named != "" {
		return filepath.Abs(named)
	}
	return defaultFolder(getenv)
}

func defaultFolder(getenv func(string) string) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	config := getenv("XDG_CONFIG_HOME")
	if config == "" {
		config = filepath.Join(home, ".config")
	}
	pictures := picturesIn(filepath.Join(config, "user-dirs.dirs"), home)
	if pictures == "" {
		pictures = filepath.Join(home, "Pictures")
	}
	return filepath.Join(pictures, "Facecraft"), nil
}

// picturesIn reads the pictures directory from the file that xdg-user-dirs
// writes, or returns "". Its values are absolute, or begin with $HOME.
// (https://www.freedesktop.org/wiki/Software/xdg-user-dirs/)
func picturesIn(path, home string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		value, found := strings.CutPrefix(strings.TrimSpace(lines.Text()), "XDG_PICTURES_DIR=")
		if !found {
			continue
		}
		dir := strings.Trim(value, `"`)
		if rest, relative := strings.CutPrefix(dir, "$HOME"); relative {
			dir = home + rest
		}
		if filepath.IsAbs(dir) && filepath.Clean(dir) != filepath.Clean(home) { // home itself means that there is none
			return dir
		}
	}
	return ""
}
