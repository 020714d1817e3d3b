package images_test

import (
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
)

func TestMain(m *testing.M) { dockertest.Main(m) }
