package term

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// Named writes whole lines, each after a name.
type Named struct {
	Name string
	To   io.Writer
	Mu   *sync.Mutex // of all that write to the same places
	line []byte      // the beginning of one
}

func (n *Named) Write(data []byte) (int, error) {
	n.line = append(n.line, data...)
	for {
		i := bytes.IndexByte(n.line, '\n')
		if i < 0 {
			return len(data), nil
		}
		if err := n.put(n.line[:i]); err != nil {
			return 0, err
		}
		n.line = n.line[i+1:]
	}
}

// End writes a last line that nothing ended.
func (n *Named) End() error {
	if len(n.line) == 0 {
		return nil
	}
	return n.put(n.line)
}

func (n *Named) put(line []byte) error {
	n.Mu.Lock()
	defer n.Mu.Unlock()
	_, err := fmt.Fprintf(n.To, "%s | %s\n", n.Name, line)
	return err
}
