package run_test

import (
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

func TestUnfitGPUs(t *testing.T) {
	t.Parallel()
	server := run.Server{Variant: "gpu", GPUs: "all"}
	if got := run.Unfit(server, plan.Request{GPUs: []string{"1"}}); !strings.Contains(got, "not 1") {
		t.Errorf("a server on all GPUs compared with --gpus 1: %q", got)
	}
	if got := run.Unfit(server, plan.Request{GPUs: []string{"all"}}); got != "" {
		t.Errorf("a server on all GPUs compared with --gpus all: %q", got)
	}
}
