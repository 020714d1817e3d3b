package images_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
)

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(pullChild); ok {
		if err := pullAsChild(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	dockertest.Main(m)
}
