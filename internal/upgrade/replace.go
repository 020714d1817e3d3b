package upgrade

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/fault"
)

// sayTime is how long a program may take to print its version.
const sayTime = 30 * time.Second

// Replace replaces the program at target, whose directory must be writable. The
// old one is kept next to it until the new one has printed its version from
// there, and is restored if it does not.
func Replace(ctx context.Context, target string, program []byte, tag string) error {
	dir, base := filepath.Split(target)
	fresh, old := filepath.Join(dir, "."+base+".new"), filepath.Join(dir, "."+base+".old")
	if filepath.Ext(base) == ".exe" {
		fresh += ".exe" // Windows runs nothing else
	}
	defer os.Remove(fresh)
	if err := write(fresh, program); err != nil {
		return unchanged(err, "free some space, or run it as a user who can write to "+dir)
	}
	if err := says(ctx, fresh, tag); err != nil {
		return unchanged(err, "stay with this version, and report it")
	}
	os.Remove(old) // left by an earlier upgrade on Windows, where a running program cannot be removed
	if err := swap(target, fresh, old); err != nil {
		return unchanged(err, "run it as a user who can write to "+dir)
	}
	if err := says(ctx, target, tag); err != nil {
		return unchanged(errors.Join(err, os.Rename(old, target)), "stay with this version, and report it")
	}
	os.Remove(old)
	return nil
}

func unchanged(cause error, fix string) error {
	return fault.Wrap(fault.Failed, cause, fix, "cannot upgrade; the program was not changed")
}

// write writes an executable, completely or not at all.
func write(path string, program []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = file.Write(program)
	if err == nil {
		err = file.Chmod(0o755) // whatever the umask
	}
	return errors.Join(err, file.Sync(), file.Close())
}

// says runs a program and checks that it prints the right version.
func says(ctx context.Context, program, tag string) error {
	ctx, cancel := context.WithTimeout(ctx, sayTime)
	defer cancel()
	text, err := exec.CommandContext(ctx, program, "version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("the new version does not run here: %w: %s", err, strings.TrimSpace(string(text)))
	}
	if !strings.HasPrefix(string(text), "facecraft "+tag+" ") {
		return fmt.Errorf("the new version says %q instead of %s", strings.TrimSpace(string(text)), tag)
	}
	return nil
}
