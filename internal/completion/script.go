package completion

import "embed"

//go:embed scripts
var scripts embed.FS

// Shells are those there is a script for.
var Shells = []Candidate{
	{"bash", "source <(facecraft completion bash)"},
	{"zsh", "source <(facecraft completion zsh)"},
	{"fish", "facecraft completion fish | source"},
	{"powershell", "facecraft completion powershell | Out-String | iex"},
}

// Script is the script for a shell, and false if there is none.
func Script(shell string) (string, bool) {
	for _, known := range Shells {
		if known.Word == shell {
			text, err := scripts.ReadFile("scripts/facecraft." + shell)
			return string(text), err == nil
		}
	}
	return "", false
}
