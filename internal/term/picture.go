package term

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
)

// pictureRows is the height of a preview in lines of text.
const pictureRows = 12

// kittyChunk is the maximum size of one chunk in kitty's protocol, in bytes.
const kittyChunk = 4096

// Picture shows a PNG in the terminal, and reports whether the terminal supports
// that.
func (ui *UI) Picture(png []byte, getenv func(string) string) bool {
	var sequence bytes.Buffer
	encoded := base64.StdEncoding.EncodeToString(png)
	program := getenv("TERM_PROGRAM")
	switch {
	case !ui.terminal || getenv("TMUX") != "": // tmux does not pass images through
		return false
	case getenv("KITTY_WINDOW_ID") != "" || getenv("TERM") == "xterm-kitty" || program == "ghostty":
		kitty(&sequence, encoded)
	case program == "iTerm.app" || program == "WezTerm" || program == "vscode":
		// https://iterm2.com/documentation-images.html
		fmt.Fprintf(&sequence, "\x1b]1337;File=inline=1;size=%d;height=%d:%s\a", len(png), pictureRows, encoded)
	default:
		return false
	}
	ui.line(sequence.String())
	return true
}

// kitty writes https://sw.kovidgoyal.net/kitty/graphics-protocol/: a PNG (f=100),
// transmitted and displayed at once (a=T), without a response (q=2).
func kitty(w io.Writer, encoded string) {
	keys := fmt.Sprintf("a=T,f=100,q=2,r=%d,", pictureRows)
	for rest := encoded; rest != ""; keys = "" {
		chunk := rest[:min(kittyChunk, len(rest))]
		rest = rest[len(chunk):]
		more := 0
		if rest != "" {
			more = 1
		}
		fmt.Fprintf(w, "\x1b_G%sm=%d;%s\x1b\\", keys, more, chunk)
	}
}
