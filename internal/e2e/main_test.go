package e2e

import (
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
)

func TestMain(m *testing.M) { dockertest.Main(m) }
