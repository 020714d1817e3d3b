package output

import (
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/fault"
)

// devices are names that Windows keeps for devices, with any extension.
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
var devices = []string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$",
	"COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "COM¹", "COM²", "COM³",
	"LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9", "LPT¹", "LPT²", "LPT³"}

// Nameable returns an error if a path has a name that the operating system (as
// runtime.GOOS) does not allow. Windows 11 allows CON.jpg, but other programs and
// older versions cannot read such a file.
func Nameable(path, goos string) error {
	if goos != "windows" {
		return nil
	}
	path = strings.TrimPrefix(path, `\\?\`)
	if len(path) >= 2 && path[1] == ':' {
		path = path[2:] // after the drive
	}
	for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		base, _, _ := strings.Cut(name, ".")
		if strings.ContainsAny(name, `<>:"|?*`) || slices.Contains(devices, strings.ToUpper(strings.TrimRight(base, " "))) {
			return fault.New(fault.Failed, "choose a different name", "Windows does not allow the name %s", name)
		}
	}
	return nil
}
