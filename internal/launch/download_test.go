package launch

import (
	"bytes"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
	"github.com/djok/facecraft/internal/term"
)

const gigabyte = 1_000_000_000

// nobody can be asked.
type nobody struct{ Asker }

func (nobody) CanAsk() bool { return false }

// spoken is a launcher without a terminal, and what it says.
func spoken() (*Launcher, *bytes.Buffer) {
	var said bytes.Buffer
	return &Launcher{Settings: Settings{
		Asker: nobody{}, UI: term.New(&said, func(string) string { return "" }, false),
		Getenv: func(string) string { return "/nowhere" },
	}}, &said
}

// TestConsentWithoutATerminal: nobody is asked there, and what is much needs
// a word beforehand.
func TestConsentWithoutATerminal(t *testing.T) {
	t.Parallel()
	known := func(bytes int64) registry.Estimate { return registry.Estimate{Download: bytes} }
	for what, tt := range map[string]struct {
		estimate registry.Estimate
		asked    Fetching
		refusal  string
	}{
		"little":           {known(withoutAsking), Fetching{}, ""},
		"much":             {known(withoutAsking + 1), Fetching{}, "confirmation needed, but not running in a terminal"},
		"much, agreed to":  {known(14 * gigabyte), Fetching{Yes: true}, ""},
		"within the limit": {known(2 * gigabyte), Fetching{Max: 2 * gigabyte}, ""},
		"over the limit":   {known(2*gigabyte + 1), Fetching{Max: 2 * gigabyte}, "more than --max-download 2 GB"},
		"over it, agreed to": {known(3 * gigabyte), Fetching{Max: 2 * gigabyte, Yes: true},
			"more than --max-download 2 GB"},
		"little, over a limit": {known(2000), Fetching{Max: 1000}, "more than --max-download 1 kB"},
		"unknown": {registry.Estimate{DownloadEstimated: true}, Fetching{},
			"of unknown size; confirmation needed"},
		"unknown, agreed to": {registry.Estimate{DownloadEstimated: true}, Fetching{Yes: true}, ""},
		"unknown, with a limit": {registry.Estimate{DownloadEstimated: true}, Fetching{Max: gigabyte},
			"of unknown size, more than"},
		"an estimate": {registry.Estimate{Download: 4 * gigabyte, DownloadEstimated: true}, Fetching{},
			"at most 4 GB, an estimate from the catalogue; confirmation needed"},
	} {
		l, _ := spoken()
		err := l.AgreeToDownload(t.Context(), tt.estimate, tt.asked)
		if tt.refusal == "" {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if fault.CodeOf(err) != fault.Declined || !strings.Contains(err.Error(), tt.refusal) {
			t.Errorf("%s: %v, want %q", what, err, tt.refusal)
		}
	}
}

// TestCheckDisk refuses what is certain and warns of what is estimated.
func TestCheckDisk(t *testing.T) {
	t.Parallel()
	exact := registry.Estimate{Reference: "x", Download: 2 * gigabyte, Unpacked: 4 * gigabyte}
	estimated := exact
	estimated.UnpackedEstimated = true
	guessed := estimated
	guessed.DownloadEstimated = true
	free := func(bytes int64) plan.Fact[int64] { return plan.Known(bytes, "a test") }
	for what, tt := range map[string]struct {
		estimate registry.Estimate
		free     plan.Fact[int64]
		refused  string
		warned   bool
	}{
		"enough":                {exact, free(6 * gigabyte), "", false},
		"not enough":            {exact, free(6*gigabyte - 1), "x needs 6 GB, and 6 GB is free", false},
		"probably not":          {estimated, free(5 * gigabyte), "", true},
		"not for the download":  {estimated, free(gigabyte), "x needs 2 GB, and 1 GB is free", false},
		"nothing is certain":    {guessed, free(gigabyte), "", true},
		"the disk is not known": {exact, plan.Unknown[int64]("no container runs"), "", false},
	} {
		l, said := spoken()
		err := l.checkDisk(tt.estimate, tt.free)
		switch {
		case tt.refused == "" && err != nil, tt.refused != "" &&
			(fault.CodeOf(err) != fault.Unrunnable || !strings.Contains(err.Error(), tt.refused)):
			t.Errorf("%s: %v, want %q", what, err, tt.refused)
		case strings.Contains(said.String(), "warning") != tt.warned:
			t.Errorf("%s: said %q", what, said)
		}
	}
}

// TestShowBill is what people see before a download.
func TestShowBill(t *testing.T) {
	t.Parallel()
	here, missing := registry.Layer{Size: 200_000_000, Here: true}, registry.Layer{Size: 1_700_000_000}
	for what, tt := range map[string]struct {
		estimate registry.Estimate
		free     plan.Fact[int64]
		cache    string
		want     string
	}{
		"everything is known": {
			registry.Estimate{
				Download: 1_900_000_000, Unpacked: 4_080_000_000, Layers: []registry.Layer{missing}, Digest: "sha256:12",
				Mirror: "https://mirror.example",
				Limit:  &registry.Limit{Pulls: 100, Remaining: 76, Seconds: 21600},
			},
			plan.Known[int64](77*gigabyte, "a test"), "/cache",
			"  download    1.9 GB, 1 of 1 layers\n" +
				"  on disk     4.1 GB, 6 GB while unpacking, 77 GB free\n" +
				"  cache       1.9 GB in /cache until Docker has the image\n" +
				"  pulls left  76 of 100 per 6h\n" +
				"  mirror      https://mirror.example\n",
		},
		"much is available locally": {
			registry.Estimate{Download: 1_700_001_000, Here: 200_000_000, Unpacked: 5_100_000_000, UnpackedEstimated: true,
				Layers: []registry.Layer{here, missing}},
			plan.Unknown[int64]("no container runs"), "",
			"  download  1.7 GB, 1 of 2 layers; 200 MB already available locally\n" +
				"  on disk   about 5.1 GB, about 6.8 GB while unpacking, free space unknown: no container runs\n",
		},
		"nothing is known": {
			registry.Estimate{DownloadEstimated: true, UnpackedEstimated: true, Notes: []string{"no network"}},
			plan.Known[int64](77*gigabyte, "a test"), "",
			"  download  of unknown size\n  on disk   77 GB free\nwarning: no network\n",
		},
	} {
		l, said := spoken()
		l.showEstimate(tt.estimate, tt.free, tt.cache)
		if got := said.String(); got != tt.want {
			t.Errorf("%s:\ngot\n%s\nwant\n%s", what, got, tt.want)
		}
	}
}

// TestDiskOfAContainerdStore: it keeps the compressed layers beside the unpacked
// ones.
func TestDiskOfAContainerdStore(t *testing.T) {
	t.Parallel()
	estimate := registry.Estimate{Download: gigabyte, Unpacked: 3 * gigabyte, UnpackedEstimated: true,
		KeepsCompressed: true}
	got := diskText(estimate, plan.Known[int64](9*gigabyte, ""))
	if got != "about 4 GB with the compressed layers, 9 GB free" {
		t.Errorf("it says %q", got)
	}
}
