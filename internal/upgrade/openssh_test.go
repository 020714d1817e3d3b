package upgrade

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestVerifyOpenSSH: the files in testdata were signed by ssh-keygen.
func TestVerifyOpenSSH(t *testing.T) {
	var files [3][]byte
	for i, name := range []string{"checksums.txt", "checksums.txt.sig", "key.pub"} {
		var err error
		if files[i], err = os.ReadFile(filepath.Join("testdata", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := verify(files[0], files[1], string(files[2])); err != nil {
		t.Error(err)
	}
	for i := range files[:2] {
		for position := range files[i] {
			changed := [2][]byte{files[0], files[1]}
			changed[i] = bytes.Clone(files[i])
			changed[i][position] ^= 0x10
			if position%7 == 0 && !bytes.ContainsAny(files[i][position:position+1], "\n-") &&
				verify(changed[0], changed[1], string(files[2])) == nil {
				t.Errorf("byte %d of file %d can be changed", position, i)
			}
		}
	}
}
