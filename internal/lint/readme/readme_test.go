package readme

import (
	"fmt"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/lint/source"
)

func TestParse(t *testing.T) {
	f := Parse(source.New("README.md",
		[]byte("# x\n\nNever do this:\n\n```bash\ndocker pull a\n# then\n$ docker run \\\n  -p 1:1 a\n```\n\n"+
			"- item\n\n  ```console\n  $ docker ps\n  CONTAINER (none\n  ```\n\n"+
			"```python\nrun()\n```\n\n    docker version\r\n")))
	var got []string
	for _, c := range f.Commands {
		var words []string
		for _, w := range c.Words {
			words = append(words, w.Text)
		}
		line, column := f.Position(c.Start + c.From)
		got = append(got, fmt.Sprintf("%s | %s | %d:%d", strings.Join(words, " "), c.Before, line, column))
	}
	want := "docker pull a | Never do this: | 6:1\ndocker run -p 1:1 a | # then | 8:3\ndocker ps | item | 15:5\ndocker " +
		"version |  | 23:5"
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("> - ```sh\n>   $ a \\\n>   b\n\n\tdocker\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := Parse(source.New("README.md", data))
		for _, c := range file.Commands {
			file.Location(c.Start+c.From, c.Start+c.To)
		}
	})
}
