package output

import (
	"errors"

	"golang.org/x/sys/windows"
)

// Alive reports whether a process of this machine is running. It says yes if it
// cannot tell. A process that has ended can be opened while others have it open.
func Alive(pid int) bool {
	process, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return !errors.Is(err, windows.ERROR_INVALID_PARAMETER) // there is none
	}
	defer windows.CloseHandle(process)
	state, err := windows.WaitForSingleObject(process, 0)
	return err != nil || state != windows.WAIT_OBJECT_0
}
