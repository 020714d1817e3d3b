// Command release does for scripts/release.sh what the shell cannot do the same
// way everywhere: it packs zip files, collects licences, and fills in templates.
package main

import (
	"archive/zip"
	"fmt"
	"io"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("release: ")
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run carries out one of:
//
//	zip FOLDER                  the folder as a zip file
//	notice LIST                 the licences of the modules in LIST
//	render TEMPLATE OUT CHECKSUMS NAME=VALUE...   a template's text, into OUT
func run(args []string, stdout io.Writer) error {
	switch {
	case len(args) == 2 && args[0] == "zip":
		w := zip.NewWriter(stdout)
		if err := w.AddFS(os.DirFS(args[1])); err != nil {
			return err
		}
		return w.Close()
	case len(args) == 2 && args[0] == "notice":
		return notice(args[1], stdout)
	case len(args) >= 4 && args[0] == "render":
		return render(args[1], args[2], args[3], args[4:])
	}
	return fmt.Errorf("unknown arguments %q", args)
}
