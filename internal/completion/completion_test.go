package completion_test

import (
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/completion"
	"github.com/djok/facecraft/internal/manual"
)

var program = manual.Program{Name: "p", Commands: []manual.Command{
	{Name: "up", Usage: "start", Flags: []manual.Flag{
		{Names: []string{"tag", "t"}, Placeholder: "TAG"}, {Names: []string{"lite"}},
		{Names: []string{"env"}, Placeholder: "K=V", Repeatable: true},
	}},
	{Name: "process", Usage: "work", Arguments: "PHOTO...", Flags: []manual.Flag{{Names: []string{"force", "f"}}}},
}}

func values(command, flag string) completion.Answer {
	switch command + " " + flag {
	case "up tag":
		return completion.Answer{Candidates: []completion.Candidate{{Word: "cpu", What: "slow"}, {Word: "gpu"}}}
	case "process ":
		return completion.Answer{Files: completion.Photos}
	}
	return completion.Answer{}
}

func TestComplete(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"":                   "none|up\tstart|process\twork",
		"u":                  "none|up\tstart",
		"help ":              "none|up\tstart|process\twork",
		"nothing ":           "none",
		"up ":                "none|--tag\t|--lite\t|--env\t",
		"up --l":             "none|--lite\t",
		"up --lite --":       "none|--tag\t|--env\t",
		"up --env A=b --e":   "none|--env\t",
		"up -t x --":         "none|--lite\t|--env\t",
		"up --tag ":          "none|cpu\tslow|gpu\t",
		"up -t c":            "none|cpu\tslow",
		"up --tag=g":         "none|--tag=gpu\t",
		"up --tag=cpu --t":   "none",
		"up --lite=x":        "none",
		"process ":           "photos jpg png",
		"process -f ":        "photos jpg png",
		"process a --":       "none|--force\t",
		"process -- --":      "photos jpg png",
		"process -- -x -":    "photos jpg png",
		"process --unknown ": "photos jpg png",
	} {
		var got strings.Builder
		if err := completion.Complete(program, strings.Split(words, " "), values).
			Write(&got, []string{".jpg", ".png"}); err != nil {
			t.Fatal(err)
		}
		if text := strings.ReplaceAll(strings.TrimSuffix(got.String(), "\n"), "\n", "|"); text != want {
			t.Errorf("%q: got %q, want %q", words, text, want)
		}
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	for _, shell := range completion.Shells {
		if script, ok := completion.Script(shell.Word); !ok || !strings.Contains(script, " complete ") {
			t.Errorf("the script for %s does not ask the program", shell.Word)
		}
	}
	if _, ok := completion.Script("../completion"); ok {
		t.Error("there is a script for an unknown shell")
	}
}
