package shortcut

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"

	"github.com/go-ole/go-ole"
	"github.com/go-ole/go-ole/oleutil"
	"golang.org/x/sys/windows"

	"github.com/djok/facecraft/internal/pagestyle"
)

// menus are those of Windows: Start, and "Send to" of photos.
type menus struct {
	start, sendTo string // directories
	icon          string
}

func system(func(string) string) (desktop, error) {
	start, err := windows.KnownFolderPath(windows.FOLDERID_Programs, windows.KF_FLAG_CREATE)
	if err != nil {
		return nil, err
	}
	sendTo, err := windows.KnownFolderPath(windows.FOLDERID_SendTo, windows.KF_FLAG_CREATE)
	if err != nil {
		return nil, err
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return nil, err
	}
	return menus{start, sendTo, filepath.Join(config, "facecraft", "studio.ico")}, nil
}

func (m menus) links() []string {
	return []string{filepath.Join(m.start, name+".lnk"), filepath.Join(m.sendTo, name+".lnk")}
}

func (m menus) files() []string { return append(m.links(), m.icon) }

// refresh has nothing to do: Windows watches the directories.
func (m menus) refresh() {}

func (m menus) install(program string) error {
	if err := write(m.icon, ico(pagestyle.IconPNG)); err != nil {
		return err
	}
	runtime.LockOSThread() // COM is initialised for a thread
	defer runtime.UnlockOSThread()
	if err := ole.CoInitialize(0); err != nil {
		return err
	}
	defer ole.CoUninitialize()
	created, err := oleutil.CreateObject("WScript.Shell")
	if err != nil {
		return err
	}
	defer created.Release()
	shell, err := created.QueryInterface(ole.IID_IDispatch)
	if err != nil {
		return err
	}
	defer shell.Release()
	for _, link := range m.links() {
		if err := m.link(shell, link, program); err != nil {
			return err
		}
	}
	return nil
}

// minimised shows the console in the taskbar only, where the studio can be ended.
const minimised = 7

// link makes a link; Windows appends the photos that are sent to it.
func (m menus) link(shell *ole.IDispatch, path, program string) error {
	created, err := oleutil.CallMethod(shell, "CreateShortcut", path)
	if err != nil {
		return err
	}
	link := created.ToIDispatch()
	defer link.Release()
	for _, property := range []struct {
		name  string
		value any
	}{
		{"TargetPath", program},
		{"Arguments", command},
		{"IconLocation", m.icon + ",0"},
		{"WindowStyle", minimised},
	} {
		if _, err := oleutil.PutProperty(link, property.name, property.value); err != nil {
			return err
		}
	}
	_, err = oleutil.CallMethod(link, "Save")
	return err
}

// ico is an icon file with one picture of 256×256 pixels, which is written as 0.
func ico(png []byte) []byte {
	const header = 6 + 16 // of the file, and of the picture
	file := []byte{0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 32, 0}
	file = binary.LittleEndian.AppendUint32(file, uint32(len(png)))
	file = binary.LittleEndian.AppendUint32(file, header)
	return append(file, png...)
}
