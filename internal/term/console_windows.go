package term

import "golang.org/x/sys/windows"

// understandsEscapes has a console interpret escape sequences, which it otherwise
// prints, and reports whether it does.
func understandsEscapes(stream any) bool {
	file, ok := stream.(descriptor)
	if !ok {
		return false
	}
	console := windows.Handle(file.Fd())
	var mode uint32
	if windows.GetConsoleMode(console, &mode) != nil {
		return false
	}
	wanted := mode | windows.ENABLE_PROCESSED_OUTPUT | windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING
	return mode == wanted || windows.SetConsoleMode(console, wanted) == nil
}
